import { z } from 'zod';
import type { ListReply } from '../contract.ts';
import { failureOfError } from '../failure.ts';
import { executionSchema, handle } from '../platform/handle.ts';
import { listMedia } from './media-lister/list-media.ts';

/** Lambda: one slice of a run's listing. */
export const handler = handle({
  name: 'media-lister',
  request: z.object({
    provider: z.literal('gopro'),
    trigger: z.string(),
    full_listing: z.boolean(),
    deadline: z.string(),
    execution: executionSchema,
    slices: z.int().nonnegative(),
  }),
  run: listMedia,
  failed: (error, { slices }): ListReply => ({
    outcome: 'failed',
    slices,
    total_found: 0,
    new_count: 0,
    already_synced: 0,
    work_lines: 0,
    manifest_key: '',
    error: failureOfError(error),
  }),
});
