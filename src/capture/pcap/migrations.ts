/**
 * Which connections are of which migration.
 *
 * @module
 */

import { type ChannelRole, IDENTIFY_USUAL_BYTES, identifyChannel } from "../../stream/mod.ts";
import { type ByteSource, readBytes } from "../source.ts";
import type { Connection } from "./connections.ts";
import { StreamSource } from "./stream_source.ts";
import { addressOf } from "./tcp_segment.ts";
import type { AssembledStream, TcpStream } from "./tcp_stream.ts";

/** One direction of a connection of a migration. */
export interface Side {
  /** What was seen. */
  readonly stream: TcpStream;
  /** Its bytes. */
  readonly bytes: AssembledStream;
}

/** A connection of a migration. */
export interface Link {
  /** What the source of the migration sends. */
  readonly source: Side;
  /** What the destination sends. */
  readonly target: Side;
  /** What the connection is, by the first bytes of the source. */
  readonly role: ChannelRole;
  /** When something was seen of it first. */
  readonly opened: number;
}

/** A migration. */
export interface Migration {
  /** Its connections, in the order in which they were opened. */
  readonly links: Link[];
  /** When something was seen of it last. */
  last: number;
  /** Connections that were left out since there are too many. */
  ignored: number;
}

/** Connections of a migration at most. QEMU has 255 multifd channels, and some others; recoveries may follow. */
const LINKS_LIMIT = 1024;

/** Whether it is one, or could as well be any other use of TLS. */
function isCertain({ links }: Migration): boolean {
  return links.some(({ role }) => role !== "tls");
}

/** What only the source of a migration sends. */
const CERTAIN: readonly ChannelRole[] = ["main", "multifd", "recovery"];

/**
 * Finds the migrations among connections. One begins with a main channel; what is opened later between the same hosts
 * and to the same port, while it goes on, is of it. A recovery connection goes on with a migration between the same hosts,
 * on whatever port. Connections under TLS are taken for migrations only if there is nothing else.
 *
 * @param connections In the order in which they were opened.
 * @param file What their bytes are in.
 */
export function findMigrations(connections: readonly Connection[], file: ByteSource): Migration[] {
  const groups = new Groups();
  for (const connection of connections) {
    const link = linkOf(connection, file);
    if (link !== undefined) groups.add(link);
  }
  const all = groups.migrations();
  const certain = all.filter(isCertain);
  return certain.length > 0 ? certain : all;
}

class Groups {
  readonly #all: Migration[] = [];
  /** The last migration between two hosts, and that to a port; see {@linkcode keysOf}. */
  readonly #current = new Map<string, Migration>();
  /** Connections to a port to which no migration is known yet. */
  readonly #waiting = new Map<string, Link[]>();

  add(link: Link): void {
    const { hosts, port } = keysOf(link);
    const migration = this.#goingOn(link) ?? this.#begun(link, port);
    if (migration === undefined) {
      const waiting = this.#waiting.get(port);
      if (waiting === undefined) this.#waiting.set(port, [link]);
      else waiting.push(link);
      return;
    }
    join(migration, link);
    this.#current.set(port, migration);
    this.#current.set(hosts, migration);
  }

  migrations(): Migration[] {
    return this.#all;
  }

  /** The migration that `link` is a part of. */
  #goingOn(link: Link): Migration | undefined {
    const { hosts, port } = keysOf(link);
    if (link.role === "recovery") return this.#current.get(hosts);
    const current = this.#current.get(port);
    // Packets may be captured out of their order: other channels' before the main one's.
    if (link.role === "main" && current?.links.some(({ role }) => role === "main")) return undefined;
    return current !== undefined && current.last >= link.opened ? current : undefined;
  }

  /** The migration that begins with `link`, with those before it that were still open; undefined if none does. */
  #begun(link: Link, port: string): Migration | undefined {
    if (!CERTAIN.includes(link.role) && link.role !== "tls") return undefined;
    const migration: Migration = { links: [], last: link.opened, ignored: 0 };
    for (const early of this.#waiting.get(port) ?? []) {
      if (lastOf(early) >= link.opened) join(migration, early);
    }
    this.#waiting.delete(port);
    this.#all.push(migration);
    return migration;
  }
}

function keysOf({ source, target }: Link): { hosts: string; port: string } {
  const hosts = `${addressOf(source.stream.from)} ${addressOf(target.stream.from)}`;
  return { hosts, port: `${hosts} ${portOf(target.stream.from)}` };
}

function portOf(endpoint: string): number {
  return endpoint.charCodeAt(endpoint.length - 1);
}

function lastOf({ source, target }: Link): number {
  return Math.max(source.stream.last, target.stream.last);
}

function join(migration: Migration, link: Link): void {
  if (migration.links.length >= LINKS_LIMIT) {
    migration.ignored++;
    return;
  }
  migration.links.push(link);
  migration.last = Math.max(migration.last, lastOf(link));
}

/** What a connection is; undefined if it is none of a migration. */
function linkOf({ streams, client, opened }: Connection, file: ByteSource): Link | undefined {
  const sides = streams.map((stream) => ({ stream, bytes: stream.assemble() }));
  const [one, other] = client === streams[1] ? sides.reverse() : sides;
  if (one === undefined || other === undefined) return undefined;
  const roles = [roleOf(one, file), roleOf(other, file)] as const;
  const [role] = roles;
  const swap = client === undefined && !CERTAIN.includes(role) && CERTAIN.includes(roles[1]);
  return swap ? { source: other, target: one, role: roles[1], opened } : { source: one, target: other, role, opened };
}

function roleOf({ bytes }: Side, file: ByteSource): ChannelRole {
  const first = readBytes(new StreamSource(bytes, file), 0, IDENTIFY_USUAL_BYTES);
  return identifyChannel(first, { direction: "s2d", ended: first.length < IDENTIFY_USUAL_BYTES }).role;
}
