import type { WantedDigests } from './pieces.ts';

/** What the program sends to a thread. The thread answers each message once, in order. */
export type Message =
  | { readonly do: 'begin'; readonly id: number; readonly wanted: WantedDigests; readonly savesState: boolean }
  | { readonly do: 'update'; readonly id: number; readonly chunks: readonly Uint8Array[] }
  | { readonly do: 'end'; readonly id: number; readonly isLastOfFile: boolean }
  | { readonly do: 'abandon'; readonly id: number };

/** The digests as text for `end`. Empty for all other messages. */
export type Answer = string;
