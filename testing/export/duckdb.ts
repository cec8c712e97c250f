/** DuckDB, from npm. It is loaded when it is asked for: no user and no other test needs it. @module */

import { box, type Result } from "./box.ts";

/** What is used of a reader of DuckDB's results. */
interface Reader {
  columnNames(): string[];
  columnTypes(): { toString(): string }[];
  getRowsJson(): unknown[][];
}

interface Module {
  readonly DuckDBInstance: { create(): Promise<{ connect(): Promise<Connection> }> };
}

interface Connection {
  runAndReadAll(query: string): Promise<Reader>;
  closeSync(): void;
}

/** Answers queries, in tables as DuckDB's shell draws them. Paths are relative to the working directory. */
export class DuckDb {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** With an empty database in memory. */
  static async open(): Promise<DuckDb> {
    // Not known to the checker, which would fetch it for everyone.
    const specifier: string = "npm:@duckdb/node-api@1.5.6-r.1";
    const { DuckDBInstance } = await import(specifier) as Module;
    return new DuckDb(await (await DuckDBInstance.create()).connect());
  }

  /** The rows of the answer. */
  async ask(query: string): Promise<Result> {
    const reader = await this.#connection.runAndReadAll(query);
    return { names: reader.columnNames(), types: reader.columnTypes().map(String), rows: reader.getRowsJson() };
  }

  /** The answer as a table. */
  async table(query: string): Promise<string> {
    return box(await this.ask(query));
  }

  /** Gives it back. */
  [Symbol.dispose](): void {
    this.#connection.closeSync();
  }
}
