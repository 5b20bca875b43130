import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'

/** Fields of a Protocol Buffers message, by number. A list of strings is a repeated field, an object a message in it. */
export interface Fields {
  readonly [field: number]: string | number | boolean | readonly string[] | Fields
}

const varint = (value: number): Buffer => {
  const bytes: number[] = []
  let rest = BigInt(value)
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  return Buffer.from([...bytes, Number(rest)])
}

const delimited = (field: number, bytes: Buffer): Buffer =>
  Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes])

/** A message as bytes (Protocol Buffers, "Encoding"): wire types 0 and 2 are all that is needed here. */
export const encodeFields = (fields: Fields): Buffer =>
  Buffer.concat(
    Object.entries(fields).flatMap(([name, value]): Buffer[] => {
      const field = Number(name)
      if (typeof value === 'string') return [delimited(field, Buffer.from(value))]
      if (typeof value === 'number' || typeof value === 'boolean')
        return [varint(field * 8), varint(Number(value))]
      if (isList(value)) return value.map(each => delimited(field, Buffer.from(each)))
      return [delimited(field, encodeFields(value))]
    }),
  )

const isList = (value: readonly string[] | Fields): value is readonly string[] => Array.isArray(value)

/** The fields of a message: numbers as they are, everything else as text. Of a repeated field the last counts. */
export const decodeFields = (bytes: Buffer): ReadonlyMap<number, string | number> => {
  const found = new Map<number, string | number>()
  let at = 0
  const next = (): number => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return Number(BigInt.asIntN(64, value))
    }
  }
  while (at < bytes.length) {
    const key = next()
    const field = Math.floor(key / 8)
    if (key % 8 === 0) found.set(field, next())
    else if (key % 8 === 2) {
      const length = next()
      found.set(field, bytes.subarray(at, at + length).toString())
      at += length
    } else throw new Error(`wire type ${key % 8} in an answer`)
  }
  return found
}

export interface Call {
  /** Of the server's Unix socket. */
  readonly socket: string
  /** `/package.Service/Method`. */
  readonly method: string
  readonly request: Fields
}

/** One unary call (gRPC over HTTP/2); its answer's fields. Rejects with the server's message. */
export const call = ({ socket, method, request }: Call): Promise<ReadonlyMap<number, string | number>> =>
  new Promise((resolve, reject) => {
    const session = connectHttp2('http://localhost', { createConnection: () => connect(socket) })
    session.once('error', reject)
    const stream = session.request({
      ':method': 'POST',
      ':path': method,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    const chunks: Buffer[] = []
    let status: { code?: string; message?: string } = {}
    const note = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] !== undefined)
        status = { code: String(headers['grpc-status']), message: String(headers['grpc-message'] ?? '') }
    }
    stream.on('response', note)
    stream.on('trailers', note)
    stream.on('data', chunk => chunks.push(chunk))
    stream.once('error', reject)
    stream.once('end', () => {
      session.close()
      if (status.code !== '0')
        return reject(new Error(`${method}: ${decodeURIComponent(status.message ?? '')}`))
      // A byte that says "not compressed" and four of length stand before the message.
      resolve(decodeFields(Buffer.concat(chunks).subarray(5)))
    })
    const body = encodeFields(request)
    const head = Buffer.alloc(5)
    head.writeUInt32BE(body.length, 1)
    stream.end(Buffer.concat([head, body]))
  })
