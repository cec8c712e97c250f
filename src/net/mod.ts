/** Addresses as QEMU writes them, and the sockets behind them. @module */
export { formatSocketAddress, parseSocketAddress, type SocketAddress } from "./address.ts";
export {
  addressOf,
  closeQuietly,
  connectTo,
  listenAt,
  mayConnect,
  type Socket,
  type SocketListener,
} from "./socket.ts";
