import { type BasicType, ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import { type Cell, type ColumnType, EXPORT_FORMAT, EXPORT_TABLES, type TableName } from "../report/export/mod.ts";

/** Rows of a row group: what is kept before it is written. */
const GROUP_ROWS = 32_768;

const TYPES: { readonly [type in ColumnType]: BasicType } = { text: "STRING", integer: "INT64", boolean: "BOOLEAN" };

/** A Parquet file that is written row group by row group. */
export class ParquetTable {
  readonly #file: Deno.FsFile;
  readonly #bytes = new ByteWriter();
  readonly #columns: { readonly name: string; readonly type: BasicType; data: (Cell | null)[] }[];
  readonly #writer: ParquetWriter;
  /** Rows so far. */
  rows = 0;

  /** Makes the file `path`, which must not be there. */
  constructor(table: TableName, path: string) {
    this.#file = Deno.openSync(path, { write: true, createNew: true });
    this.#columns = Object.entries(EXPORT_TABLES[table]).map(([name, type]) => ({
      name,
      type: TYPES[type as ColumnType],
      data: [],
    }));
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: schemaFromColumnData({ columnData: this.#sources() }),
      kvMetadata: [{ key: "format", value: EXPORT_FORMAT }],
      createdBy: "migwire",
    });
  }

  /** Adds a row. */
  add(row: { readonly [column: string]: Cell | undefined }): void {
    for (const { name, type, data } of this.#columns) data.push(valueOf(row[name] ?? null, type));
    if (++this.rows % GROUP_ROWS === 0) this.#group();
  }

  /** Writes what is kept, and the file's end. */
  finish(): void {
    this.#group();
    this.#writer.finish();
    this.#flush();
  }

  /** Gives back the file. */
  close(): void {
    this.#file.close();
  }

  #sources(): ColumnSource[] {
    return this.#columns.map(({ name, type, data }) => ({ name, type, data }));
  }

  #group(): void {
    if (this.#columns[0]?.data.length === 0) return;
    this.#writer.write({ columnData: this.#sources(), rowGroupSize: GROUP_ROWS });
    for (const column of this.#columns) column.data = [];
    this.#flush();
  }

  #flush(): void {
    const bytes = new Uint8Array(this.#bytes.buffer, 0, this.#bytes.index);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#bytes.index = 0;
  }
}

function valueOf(cell: Cell, type: BasicType): Cell {
  if (typeof cell === "string") return cell.isWellFormed() ? cell : withoutSurrogates(cell);
  if (type !== "INT64" || cell === null) return cell;
  return typeof cell === "bigint" ? BigInt.asIntN(64, cell) : BigInt(cell as number);
}

/** Bytes of a name that are no UTF-8 are told as everywhere: else names that differ in them alone would be one. */
function withoutSurrogates(text: string): string {
  return text.replace(/\p{Surrogate}/gu, (unit) => `\\u{${unit.charCodeAt(0).toString(16)}}`);
}
