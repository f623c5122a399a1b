import type { Tracker } from '../tracker.ts';
import { accept } from './acceptance.ts';
import { adopt } from './adoption.ts';
import { finishListing, recordPage } from './listing.ts';
import { dump, load } from './copy.ts';
import { countDenial, failMedium, recordResolution, retry, setMediumStatus, vanish } from './media.ts';
import {
  claim,
  complete,
  completeIntent,
  fail,
  recordCheck,
  recordIntent,
  recordMismatch,
  rekey,
  release,
  savePart,
  saveUpload,
  setMark,
  setValidator,
  upload,
} from './originals.ts';
import { intents, medium, openMedia, originals, rows, tally, uploads } from './queries.ts';
import { beginRun } from './runs.ts';
import type { Reader, Store, Unit } from './store.ts';

const reads = { medium, originals, upload };

const onClaims = { claim, release, saveUpload, savePart, rekey, recordIntent, recordMismatch, complete, fail };
const onOriginals = { completeIntent, recordCheck, setMark, setValidator };
const onMedia = { recordPage, setMediumStatus, failMedium, vanish, countDenial, recordResolution };
const changes = { ...onClaims, ...onOriginals, ...onMedia };

const tasks = { accept, adopt, beginRun, finishListing, load, retry, intents, uploads, tally };

/**
 * Implements the port `Tracker` with the commands of the ledger on a store. `translate` turns an
 * error of the store into the error that a caller gets.
 */
export function ledgerTracker(store: Store, archiveId: string, translate: (thrown: unknown) => unknown): Tracker {
  const rethrow: Rethrow = (thrown) => {
    throw translate(thrown);
  };
  const methods = {
    ...bound(reads, async (work: (reader: Reader) => unknown) => store.read(work)),
    ...bound(changes, async (work: (unit: Unit) => unknown) => store.change(work)),
    ...bound(tasks, async (work: (store: Store) => unknown) => work(store)),
    ...store.plain,
  };
  return {
    archiveId,
    ...rethrowing(methods, rethrow),
    lease: {
      read: async () => store.lease.read().catch(rethrow),
      replace: async (before, after) => store.lease.replace(before, after).catch(rethrow),
    },
    useFence: (fence) => store.useFence(fence),
    openMedia: (roles) => rethrowingItems(openMedia(store, roles), rethrow),
    dump: () => rethrowingItems(dump(store), rethrow),
    rows: (selections) => rethrowingItems(rows(store, selections), rethrow),
  };
}

type Bound<Commands> = {
  [Name in keyof Commands]: Commands[Name] extends (first: never, ...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/** Binds commands to `carryOut`, which gives them their first parameter. */
function bound<First, Commands extends Record<string, (first: First, ...args: never[]) => unknown>>(
  commands: Commands,
  carryOut: (work: (first: First) => unknown) => Promise<unknown>,
): Bound<Commands> {
  const methods = Object.entries(commands).map(([name, command]) => [
    name,
    async (...args: never[]) => carryOut((first) => command(first, ...args)),
  ]);
  return Object.fromEntries(methods) as Bound<Commands>;
}

type Rethrow = (thrown: unknown) => never;

function rethrowing<Methods extends Record<string, (...args: never[]) => Promise<unknown>>>(
  methods: Methods,
  rethrow: Rethrow,
): Methods {
  const others = Object.entries(methods).map(([name, method]) => [
    name,
    async (...args: never[]) => method(...args).catch(rethrow),
  ]);
  return Object.fromEntries(others) as Methods;
}

async function* rethrowingItems<Item>(items: AsyncIterable<Item>, rethrow: Rethrow): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    rethrow(error);
  }
}
