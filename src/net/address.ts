/** Where a relay listens, or what it connects to. */
export type SocketAddress =
  /** TCP; the host without brackets. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** A Unix socket. */
  | { readonly kind: "unix"; readonly path: string };

/** Nobody else can reach it. */
const LOOPBACK = "127.0.0.1";

/**
 * Reads an address as QEMU writes it: `tcp:HOST:PORT`, `unix:PATH`. Without a host it is the loopback, for listening
 * too: whoever wants to be reached by others must write out by which address. IPv6 stands in brackets.
 *
 * @param text What was written.
 * @returns The address.
 * @throws {SyntaxError} If it is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseSocketAddress } from "@migwire/migwire/record";
 *
 * assertEquals(parseSocketAddress("tcp::4444"), { kind: "tcp", host: "127.0.0.1", port: 4444 });
 * assertEquals(parseSocketAddress("unix:/run/in.sock"), { kind: "unix", path: "/run/in.sock" });
 * ```
 */
export function parseSocketAddress(text: string): SocketAddress {
  const [, kind, rest = ""] = /^(tcp|unix):(.*)$/s.exec(text) ?? [];
  if (kind === "unix" && rest !== "") return { kind, path: rest };
  const [, bracketed, plain, digits = ""] = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(rest) ?? [];
  const port = Number(digits);
  if (kind === "tcp" && digits !== "" && port <= 0xffff) return { kind, host: bracketed ?? (plain || LOOPBACK), port };
  throw new SyntaxError(`Cannot read the address "${text}": write it as tcp:HOST:PORT, tcp::PORT or unix:PATH`);
}

/**
 * Writes an address as {@linkcode parseSocketAddress} reads it.
 *
 * @param address The address.
 * @returns `tcp:HOST:PORT`, `tcp:[::1]:PORT` or `unix:PATH`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatSocketAddress } from "@migwire/migwire/record";
 *
 * assertEquals(formatSocketAddress({ kind: "tcp", host: "::1", port: 4444 }), "tcp:[::1]:4444");
 * ```
 */
export function formatSocketAddress(address: SocketAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const { host, port } = address;
  return `tcp:${host.includes(":") ? `[${host}]` : host}:${port}`;
}
