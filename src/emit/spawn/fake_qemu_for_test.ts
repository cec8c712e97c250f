/**
 * Something like a QEMU, as a program: it has a monitor where `-qmp unix:PATH,…` says, and ends when that is told to
 * `quit`. Takes no other arguments to heart.
 *
 * @module
 */

async function serve(connection: Deno.Conn): Promise<void> {
  const write = (json: unknown): Promise<number> =>
    connection.write(new TextEncoder().encode(`${JSON.stringify(json)}\r\n`));
  await write({ QMP: { version: { qemu: { micro: 0, minor: 0, major: 10 }, package: "" }, capabilities: [] } });
  const [buffer, decoder] = [new Uint8Array(4096), new TextDecoder()];
  let text = "";
  for (let length: number | null; (length = await connection.read(buffer)) !== null;) {
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
    for (let end: number; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) {
      const { execute, id } = JSON.parse(text.slice(0, end));
      await write({ return: {}, id });
      if (execute === "quit") Deno.exit();
    }
  }
}

if (import.meta.main) {
  const path = /^unix:([^,]*)/.exec(Deno.args[Deno.args.indexOf("-qmp") + 1] ?? "")?.[1] ?? "";
  for await (const connection of Deno.listen({ transport: "unix", path })) {
    // Whoever goes away in the middle of it does not matter.
    await serve(connection).catch(() => {});
    connection.close();
  }
}
