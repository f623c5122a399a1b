/**
 * Loaded with `--import`, ends the worker threads of the process after some messages. The variable
 * LIVING_THREADS is the number of the first thread that stays alive.
 */
import threads, { type Worker } from 'node:worker_threads';
import { syncBuiltinESMExports } from 'node:module';

const messagesOfLife = 20;
const firstLiving = Number(process.env['LIVING_THREADS'] ?? Infinity);
let started = 0;

threads.Worker = class extends threads.Worker {
  readonly #number = (started += 1);
  #messages = 0;

  override postMessage(...message: Parameters<Worker['postMessage']>): void {
    this.#messages += 1;
    if (this.#number < firstLiving && this.#messages === messagesOfLife) void this.terminate();
    super.postMessage(...message);
  }
};
syncBuiltinESMExports();
