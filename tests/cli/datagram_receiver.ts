import { join } from "node:path";
import { ServerProcess, type TemporaryFolder, temporaryFolder } from "../support/mod.ts";

/** Prints each datagram that comes to the socket named first, as hexadecimal digits, one a line. */
const PROGRAM = `
use Socket;
my $name = $ARGV[0];
$name =~ s/^@/\\0/;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die;
bind($socket, pack_sockaddr_un($name)) or die;
select(STDERR);
$| = 1;
print "bound\\n";
while (defined recv($socket, my $text, 65536, 0)) { print unpack("H*", $text), "\\n" }
`;

/** A Unix datagram socket that listens, in place of systemd's or syslog's: no runtime has one. */
export class DatagramReceiver {
  /** What a sender is given; begins with `@` when the name is abstract. */
  readonly path: string;
  readonly #process: ServerProcess;
  readonly #folder: TemporaryFolder;
  #read = 0;

  private constructor(path: string, process: ServerProcess, folder: TemporaryFolder) {
    this.path = path;
    this.#process = process;
    this.#folder = folder;
  }

  static async open(abstract = false): Promise<DatagramReceiver> {
    const folder = await temporaryFolder();
    const path = `${abstract ? "@" : ""}${join(folder.path, "socket")}`;
    const process = await ServerProcess.start("perl", ["-e", PROGRAM, path]);
    await process.waitForLog("bound");
    const receiver = new DatagramReceiver(path, process, folder);
    receiver.#read = process.stderr.length;
    return receiver;
  }

  /** The next datagram's text. */
  async next(): Promise<string> {
    const line = await this.#process.waitForLog(/^([0-9a-f]*)$/, { after: this.#read });
    this.#read += line.length + 1;
    return new TextDecoder().decode(
      Uint8Array.from(line.match(/../g) ?? [], (digits) => parseInt(digits, 16)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill9();
    await this.#folder.remove();
  }
}
