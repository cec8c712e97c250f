/**
 * Debian's Chromium without a window, driven by the DevTools protocol: enough to open a page and to see what it does.
 *
 * @module
 */

/** Anything that takes longer is taken for a failure. */
const LIMIT = 30_000;

/** Where the browser asks for nothing of its own, and finds nobody who is asked. */
const ARGUMENTS = [
  "--headless=new",
  // The sandbox refuses to work for root.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
  "--host-resolver-rules=MAP * ~NOTFOUND",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
];

/** Parameters and results of the protocol. */
export type Json = { readonly [name: string]: unknown };

interface Answer {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: { readonly message: string };
}

/** `promise`, or an error that says what took too long. */
async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes more than ${LIMIT} ms`)), LIMIT);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A browser. Close it when done. */
export class Chromium {
  readonly #process: Deno.ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(result: Json): void; reject(error: Error): void }>();
  readonly #listeners = new Map<string, (method: string, params: Json) => void>();
  #next = 1;

  private constructor(process: Deno.ChildProcess, folder: string, socket: WebSocket) {
    this.#process = process;
    this.#folder = folder;
    this.#socket = socket;
    socket.onmessage = ({ data }): void => this.#take(JSON.parse(data));
  }

  /** Starts a browser. */
  static async start(): Promise<Chromium> {
    const folder = await Deno.makeTempDir({ prefix: "migwire-chromium-" });
    const args = [...ARGUMENTS, `--user-data-dir=${folder}`, "about:blank"];
    const process = new Deno.Command("chromium", { args, stdout: "null", stderr: "piped" }).spawn();
    const socket = new WebSocket(await within(addressOf(process.stderr), "starting Chromium"));
    await within(
      new Promise<void>((resolve, reject) => {
        socket.onopen = (): void => resolve();
        socket.onerror = (): void => reject(new Error("Cannot connect to Chromium"));
      }),
      "connecting to Chromium",
    );
    return new Chromium(process, folder, socket);
  }

  #take({ id, sessionId = "", method, params = {}, result = {}, error }: Answer): void {
    if (method !== undefined) this.#listeners.get(sessionId)?.(method, params);
    const waiting = this.#waiting.get(id ?? 0);
    if (waiting === undefined) return;
    this.#waiting.delete(id ?? 0);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new Error(error.message));
  }

  /** Sends a request, and waits for the answer. */
  send(method: string, params: Json, sessionId?: string): Promise<Json> {
    const id = this.#next++;
    const answer = new Promise<Json>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    return within(answer, method);
  }

  /** A new page, empty. */
  async page(): Promise<Page> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, String(targetId), String(sessionId));
    this.#listeners.set(String(sessionId), (method, params) => page.take(method, params));
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
    return page;
  }

  /** Ends the browser. */
  async close(): Promise<void> {
    await this.send("Browser.close", {}).catch(() => this.#process.kill("SIGKILL"));
    this.#socket.close();
    await within(this.#process.status, "ending Chromium");
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Where the browser listens, as it says on standard error; what it says after that is thrown away. */
async function addressOf(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Chromium ended: ${text}`);
    text += value;
    const address = /ws:\/\/\S+/.exec(text)?.[0];
    if (address === undefined) continue;
    const drain = async (): Promise<void> => {
      while (!(await reader.read()).done);
    };
    drain().catch(() => {});
    return address;
  }
}

/** A page, and what was seen of it. */
export class Page {
  readonly #browser: Chromium;
  readonly #target: string;
  readonly #session: string;
  /** What it said on the console, or Chromium about it. */
  readonly messages: string[] = [];
  /** What it asked for. */
  readonly requests: string[] = [];
  #loaded: (() => void) | undefined;

  /** The page of a session. */
  constructor(browser: Chromium, target: string, session: string) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  /** Takes note of an event. */
  take(method: string, params: Json): void {
    switch (method) {
      case "Page.loadEventFired":
        return this.#loaded?.();
      case "Page.javascriptDialogOpening":
        this.messages.push(`dialog: ${params["message"]}`);
        this.send("Page.handleJavaScriptDialog", { accept: false }).catch(() => {});
        return;
      case "Runtime.exceptionThrown":
      case "Runtime.consoleAPICalled":
      case "Log.entryAdded":
        this.messages.push(`${method}: ${JSON.stringify(params)}`);
        return;
      case "Network.requestWillBeSent":
        this.requests.push((params["request"] as { url: string }).url);
    }
  }

  /** Sends a request about this page. */
  send(method: string, params: Json = {}): Promise<Json> {
    return this.#browser.send(method, params, this.#session);
  }

  /** Opens a file in a window of some width, and waits until it is there. */
  async open(path: string, width: number): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height: 900,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    const loaded = new Promise<void>((resolve) => this.#loaded = resolve);
    await this.send("Page.navigate", { url: `file://${path}` });
    await within(loaded, `opening ${path}`);
  }

  /** The value of an expression, which is run beside the page's own script. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  /** Presses a key. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? { text: key } : {};
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, ...text });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key });
  }

  /** A picture of the whole page, as PNG. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
    return Uint8Array.fromBase64(String(data));
  }

  /** Closes it. */
  async close(): Promise<void> {
    await this.#browser.send("Target.closeTarget", { targetId: this.#target });
  }
}
