import type { SocketAddress } from "./address.ts";

/** A stream socket. */
export type Socket = Deno.TcpConn | Deno.UnixConn;

/** What waits for connections. */
export type SocketListener = Deno.Listener<Deno.TcpConn> | Deno.Listener<Deno.UnixConn>;

/** Listens at an address. Throws what the system throws. */
export function listenAt(address: SocketAddress): SocketListener {
  if (address.kind === "unix") return Deno.listen({ transport: "unix", path: address.path });
  return Deno.listen({ hostname: address.host, port: address.port });
}

/** Connects to an address, unless `signal` is aborted before. Throws what the system throws. */
export async function connectTo(address: SocketAddress, signal: AbortSignal): Promise<Socket> {
  if (address.kind === "unix") return await Deno.connect({ transport: "unix", path: address.path });
  return await Deno.connect({ hostname: address.host, port: address.port, signal });
}

/** Whether Deno lets us connect to an address, as far as it can be asked; on a terminal it asks the user. */
export function mayConnect(address: SocketAddress): boolean {
  const wanted: readonly Deno.PermissionDescriptor[] = address.kind === "tcp"
    ? [{ name: "net", host: `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}` }]
    : [{ name: "read", path: address.path }, { name: "write", path: address.path }];
  return wanted.every((permission) => Deno.permissions.requestSync(permission).state === "granted");
}

/** Where a listener listens: the port that the system has chosen, if it was asked to. */
export function addressOf(listener: SocketListener): SocketAddress {
  const { addr } = listener;
  if (addr.transport === "tcp") return { kind: "tcp", host: addr.hostname, port: addr.port };
  return { kind: "unix", path: "path" in addr ? String(addr.path) : "" };
}

/** Closes what may have been closed already. */
export function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
