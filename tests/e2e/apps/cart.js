// SPDX-License-Identifier: Apache-2.0
// A service as people write them: it answers, asks itself, logs and counts; it knows nothing of telemetry but the API.
// Started as images do it: node --require @opentelemetry/auto-instrumentations-node/register cart.js
'use strict'
const http = require('http')
const log = require('pino')({ name: 'cart' })
const items = require('@opentelemetry/api').metrics.getMeter('cart').createCounter('cart.items')
const profiles = process.env.PYROSCOPE_SERVER_ADDRESS
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
// a profile as Pyroscope's own SDK pushes it, when the pod was given an address for it
const profiler = profiles && setInterval(() => {
  const now = Math.floor(Date.now() / 1000)
  const q = new URLSearchParams({ name: `${process.env.PYROSCOPE_APPLICATION_NAME || 'cart'}{}`, from: now - 2, until: now, format: 'folded', sampleRate: 100, spyName: 'e2e' })
  const user = process.env.PYROSCOPE_BASIC_AUTH_USER
  const req = http.request(`${profiles}/ingest?${q}`, { method: 'POST', auth: user && `${user}:${process.env.PYROSCOPE_BASIC_AUTH_PASSWORD}` }, res => res.resume())
  req.on('error', e => log.warn(e.message))
  req.end('main;serve;put 12\nmain;serve;wait 180\n')
}, 2000)
process.on('SIGTERM', () => {
  clearInterval(profiler)
  clearInterval(timer)
  server.close()
  setTimeout(() => process.exit(0), 2000).unref() // the SDK's last export is under way
})
