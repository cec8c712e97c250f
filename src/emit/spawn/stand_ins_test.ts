import { assertEquals, assertThrows } from "@std/assert";
import { SpawnError, type SpawnErrorCode } from "./spawn_error.ts";
import { type Seen, type StandInBlock, type StandInOptions, standIns } from "./stand_ins.ts";

const BIOS: StandInBlock = { name: "pc.bios", usedLength: 65536 };

/** What the files and folders of the tests are. */
const THERE: { readonly [path: string]: Seen } = {
  "/here/seabios.bin": "file",
  "/here/vmlinuz": "file",
  "/here/disk.img": "file",
  "/here/keys": "directory",
  "/usr/share/ovmf.fd": "file",
  "/dev/hugepages": "directory",
  "/dev/shm/ram": "file",
  "/dev/sda": "file",
  "/secret/x": "hidden",
  "/sys/bus/pci/devices/0000:01:00.0": "directory",
};

function standInsFor(
  words: string,
  options: Partial<StandInOptions> = {},
): { readonly args: string; readonly files: readonly string[]; readonly notes: number } {
  const { args, files, notes } = standIns({
    args: words.split(" "),
    blocks: [BIOS],
    folder: "/tmp/private",
    current: "/here",
    look: (path) => THERE[path] ?? "missing",
    ...options,
  });
  return { args: args.join(" "), files: files.map(({ name, bytes }) => `${name} ${bytes}`), notes: notes.length };
}

Deno.test("standIns() makes firmware of the size of its block", () => {
  const made = (words: string, blocks?: StandInBlock[]) => standInsFor(words, blocks && { blocks });
  assertEquals(made("-bios payload.bin"), { args: "-bios firmware", files: ["firmware 65536"], notes: 1 });
  assertEquals(made("-M pc,firmware=/x/y.bin -m 8").args, "-M pc,firmware=firmware -m 8");
  assertEquals(made("-bios b", [{ name: "pc.bios", usedLength: 131072 }]).files, ["firmware 131072"]);
  // Elsewhere the block has a size of its own.
  assertEquals(made("-bios b", [{ name: "virt.flash0", usedLength: 67108864 }]).files, ["firmware 65536"]);
  assertEquals(made("-bios none"), { args: "-bios none", files: [], notes: 0 });
  for (const usedLength of [0, 2 ** 40]) {
    const blocks = [{ name: "pc.bios", usedLength }];
    assertThrows(() => made("-bios b", blocks), SpawnError, `the stream says that it has ${usedLength} bytes`);
  }
});

Deno.test("standIns() uses firmware that is there", () => {
  assertEquals(standInsFor("-bios seabios.bin"), { args: "-bios /here/seabios.bin", files: [], notes: 1 });
  assertEquals(standInsFor("-bios /usr/share/ovmf.fd"), { args: "-bios /usr/share/ovmf.fd", files: [], notes: 0 });
});

Deno.test("standIns() makes memory of its own, never uses one that is there", () => {
  const cases: [string, string, string[]][] = [
    ["memory-backend-file,id=m,size=8M,mem-path=shared.ram", "memory-0", ["memory-0 8388608"]],
    ["memory-backend-file,id=m,size=8M,mem-path=/dev/shm/ram", "memory-0", ["memory-0 8388608"]],
    ["memory-backend-file,id=m,mem-path=x", "memory-0", []],
  ];
  for (const [value, path, files] of cases) {
    assertEquals(standInsFor(`-object ${value}`), {
      args: `-object ${value.replace(/mem-path=.*/, `mem-path=${path}`)}`,
      files,
      notes: 1,
    });
  }
  const json = '{"qom-type":"memory-backend-file","id":"m","mem-path":"/var/ram","size":4096,"share":true}';
  assertEquals(standInsFor(`-object ${json} -mem-path x`), {
    args: `-object ${json.replace("/var/ram", "memory-0")} -mem-path memory-1`,
    files: ["memory-0 4096"],
    notes: 2,
  });
  const huge = "-object memory-backend-file,id=m,size=1G,mem-path=/dev/hugepages";
  assertEquals(standInsFor(huge), { args: huge, files: [], notes: 0 });
});

Deno.test("standIns() leaves alone what needs no file, and takes the others from the current folder", () => {
  for (
    const words of [
      "-M q35 -S -m 8 -nodefaults -append root=/dev/sda -name /x -L /usr/share/qemu -uuid x -cpu max",
      "-blockdev null-co,node-name=d0,size=67108864,read-zeroes=on -drive if=none,id=x -drive file=null-co://,id=y",
      "-device virtio-net-pci,romfile= -device e1000,romfile=efi-e1000.rom -chardev file,id=c,path=console",
      "-object rng-random,filename=/dev/urandom,id=r -netdev user,id=n -netdev tap,id=t,script=no,downscript=no",
      "-device vfio-pci,host=01:00.0 -device vfio-pci,host=0000:01:00.0",
      "-device usb-host,host=1 -drive file=/dev/null -hda",
      "-qmp unix:/tmp/private/qmp,server=on,wait=off -device virtio-9p-pci,fsdev=x -monitor unix:hmp,server=on",
    ]
  ) assertEquals(standInsFor(words), { args: words, files: [], notes: 0 });
  assertEquals(standInsFor("-kernel vmlinuz -drive file=disk.img,readonly=on -object tls-creds-psk,id=t,dir=keys"), {
    args: "-kernel /here/vmlinuz -drive file=/here/disk.img,readonly=on -object tls-creds-psk,id=t,dir=/here/keys",
    files: [],
    notes: 3,
  });
});

Deno.test("standIns() says what is not there, and what it refuses", () => {
  const cases: [SpawnErrorCode, string, string][] = [
    ["missing", "-kernel bzImage", "-kernel names bzImage, which is not there"],
    ["missing", "-initrd a -dtb b", "-initrd names a, which is not there; -dtb names b, which is not there"],
    ["missing", "-cdrom a.iso", "-cdrom names a.iso, which is not there"],
    ["missing", "-hda a.img", "-hda names a.img, which is not there"],
    ["missing", "a.img", "a.img, which is not there"],
    ["missing", "-pflash vars.fd", "-pflash names vars.fd, which is not there"],
    ["missing", "-drive file=a.img,if=none", "-drive names a.img, which is not there"],
    [
      "missing",
      '-blockdev {"driver":"qcow2","file":{"driver":"file","filename":"/v/a.img"}}',
      "-blockdev names /v/a.img, which is not there",
    ],
    ["missing", "-blockdev file,filename=a.img,node-name=x", "-blockdev names a.img, which is not there"],
    ["missing", "-M pc,kernel=bzImage", "-M names bzImage, which is not there"],
    ["missing", "-machine q35,initrd=a,dtb=b", "-machine names a, which is not there; -machine names b"],
    ["missing", "-acpitable file=ssdt.aml", "-acpitable names ssdt.aml, which is not there"],
    ["missing", "-acpitable sig=SSDT,data=ssdt.aml", "-acpitable names ssdt.aml, which is not there"],
    ["missing", "-smbios file=dump.bin", "-smbios names dump.bin, which is not there"],
    ["missing", "-smbios type=11,path=oem.txt", "-smbios names oem.txt, which is not there"],
    ["missing", "-fw_cfg name=opt/x,file=x.cfg", "-fw_cfg names x.cfg, which is not there"],
    ["missing", "-object secret,id=s,file=key.b64", "-object names key.b64, which is not there"],
    ["missing", "-drive file=cd.iso,media=cdrom", "-drive names cd.iso, which is not there"],
    ["missing", "-device loader,file=fill.bin,addr=0", "-device names fill.bin, which is not there"],
    ["missing", "-device e1000,romfile=x/y.rom", "-device names x/y.rom, which is not there"],
    ["missing", "-object tls-creds-psk,id=t,dir=tls", "names tls, which is not there (the keys of its TLS"],
    ["missing", "-device vfio-pci,sysfsdev=/sys/x", "names /sys/x, which is not there (a VFIO device"],
    ["missing", "-device vfio-pci,host=02:00.0", "names /sys/bus/pci/devices/0000:02:00.0, which is not there"],
    ["missing", "-netdev tap,fds=21:22,id=n", "-netdev names the open file 21:22"],
    ["missing", "-add-fd fd=5,set=1", "-add-fd names the open file 5"],
    ["recorded", "-drive file=disk.img", "the guest could write to the disk disk.img, which is there"],
    ["recorded", "-hda /dev/sda", "the guest could write to the disk /dev/sda, which is there"],
    ["recorded", "-drive file=nbd://h/x", "the guest could write to the disk nbd://h/x"],
    ["recorded", "-netdev tap,id=n,script=/tmp/x", "-netdev has it run or obey /tmp/x"],
    ["recorded", "-netdev user,id=n,guestfwd=tcp:10.0.2.1:1-cmd:x", "-netdev has it run or obey"],
    ["recorded", "-plugin ./evil.so", "-plugin has it run or obey ./evil.so"],
    ["recorded", "-readconfig x.cfg", "-readconfig has it run or obey x.cfg"],
    ["recorded", "-serial file:/home/x/.profile", "-serial names file:/home/x/.profile, outside"],
    ["recorded", "-serial file:../x", "-serial names file:../x, outside"],
    ["recorded", "-chardev file,id=c,path=/x/y", "-chardev names /x/y, outside"],
    ["recorded", "-monitor unix:/run/x,server=on", "-monitor names unix:/run/x, outside"],
    ["recorded", "-virtfs local,path=/home,mount_tag=x", "-virtfs names /home, outside"],
    ["recorded", "-object filter-dump,id=f,netdev=n,file=/x/y", "-object names /x/y, outside"],
    ["recorded", "-set drive.d.file=/dev/sda", "-set names /dev/sda, outside"],
    ["recorded", "-kernel bzImage -hda /dev/sda", "/dev/sda, which is there; -kernel names bzImage"],
    ["not-allowed", "-kernel /secret/x", "Deno has no permission to look at /secret/x"],
  ];
  for (const [code, words, message] of cases) {
    const error = assertThrows(() => standInsFor(words), SpawnError, message, words);
    assertEquals(error.message.startsWith("Cannot start the recorded command: "), true);
    assertEquals([error.code, error.hint.includes(code === "not-allowed" ? "--allow-read=/secret/x" : "--spawn")], [
      code,
      true,
    ]);
  }
  const many = Array.from({ length: 20 }, (_, i) => `-kernel ${i}`).join(" ");
  assertThrows(() => standInsFor(many), SpawnError, "7, which is not there; 12 more like these");
});
