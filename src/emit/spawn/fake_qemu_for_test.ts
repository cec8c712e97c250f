/**
 * Something like a QEMU, as a program: it has a monitor where `-qmp unix:PATH,…` says, and ends when that is told to
 * `quit`. Takes no other arguments to heart.
 *
 * @module
 */

const path = /^unix:([^,]*)/.exec(Deno.args[Deno.args.indexOf("-qmp") + 1] ?? "")?.[1] ?? "";
const write = (connection: Deno.Conn, json: unknown): Promise<number> =>
  connection.write(new TextEncoder().encode(`${JSON.stringify(json)}\r\n`));

if (import.meta.main) {
  for await (const connection of Deno.listen({ transport: "unix", path })) {
    await write(connection, {
      QMP: { version: { qemu: { micro: 0, minor: 0, major: 10 }, package: "" }, capabilities: [] },
    });
    let text = "";
    for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) {
      text += part;
      for (let end: number; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) {
        const { execute, id } = JSON.parse(text.slice(0, end));
        await write(connection, { return: {}, id }).catch(() => {});
        if (execute === "quit") Deno.exit();
      }
    }
  }
}
