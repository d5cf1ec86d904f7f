// SPDX-License-Identifier: Apache-2.0
// A service as people write them: it answers, asks itself, logs and counts; it knows nothing of telemetry but the API.
// Started as images do it: node --require @opentelemetry/auto-instrumentations-node/register cart.js
'use strict'
const http = require('http')
const log = require('pino')({ name: 'cart' })
const items = require('@opentelemetry/api').metrics.getMeter('cart').createCounter('cart.items')
const rate = Number(process.env.SHOP_REQUESTS_PER_SECOND || 2)

const server = http.createServer((req, res) => {
  items.add(1, { kind: 'book' })
  log.info({ path: req.url }, 'put into the cart')
  res.end('put\n')
})
let n = 0
let timer
server.listen(0, '127.0.0.1', () => {
  if (!rate) return
  timer = setInterval(() => {
    const req = http.get({ host: '127.0.0.1', port: server.address().port, path: `/cart/${++n}` }, res => res.resume())
    req.on('error', e => log.warn(e.message))
  }, 1000 / rate)
})
process.on('SIGTERM', () => {
  clearInterval(timer)
  server.close()
  setTimeout(() => process.exit(0), 2000).unref() // the SDK's last export is under way
})
