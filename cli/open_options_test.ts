import { assertEquals, assertStringIncludes } from "@std/assert";
import { canWrite } from "../src/capture/files_for_test.ts";
import { smallStream } from "../testing/main_stream.ts";
import { conversation, framesOf, pcapFile } from "../testing/packet_file.ts";
import { withFolder } from "../testing/temporary.ts";
import { main } from "./main.ts";
import { memoryIo } from "./memory_io.ts";

const FIRST = smallStream().bytes();
const SECOND = FIRST.subarray(0, 100);
const TWO = pcapFile(framesOf([
  ...conversation(FIRST),
  ...conversation(SECOND, { from: { address: [192, 0, 2, 1], port: 50001 } }),
]));

Deno.test({
  name: "Each command lists the migrations of a packet capture, and takes the one that --migration says",
  ignore: !canWrite(),
  async fn(): Promise<void> {
    const files = { "two.pcap": TWO, "first.bin": FIRST };
    await withFolder(async (folder) => {
      for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(`${folder}/${name}`, bytes);
      for (const command of ["inspect", "records", "check", "load"]) {
        const listing = memoryIo();
        assertEquals(await main([command, `${folder}/two.pcap`], listing), 3, command);
        assertStringIncludes(
          listing.err(),
          "choose one with --migration N:\n  1: 192.0.2.1 to 192.0.2.2:4444, 1 connection, ",
        );

        const [packets, file] = [memoryIo(), memoryIo()];
        const code = await main([command, `${folder}/two.pcap`, "--migration", "1"], packets);
        assertEquals(code, await main([command, `${folder}/first.bin`], file), command);
        // What is listed of a stream is the same from wherever it comes.
        if (command === "records") assertEquals(packets.out(), file.out());
        const outOfPlace = memoryIo();
        assertEquals(await main([command, `${folder}/first.bin`, "--migration", "1"], outOfPlace), 3, command);
        assertStringIncludes(outOfPlace.err(), "it is no packet capture");
      }
    });
  },
});
