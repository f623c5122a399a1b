/**
 * A plain client for the simulator's tests. It follows no redirect, decompresses no body and never
 * retries.
 */
import { request, type Dispatcher } from 'undici';
import type { GoproCloud } from '../../src/sim/gopro/index.ts';

export interface TestReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface DownloadEntry {
  readonly url: string;
  readonly head: string;
  readonly label?: string;
  readonly type?: string;
  readonly item_number?: number | null;
  readonly camera_position?: string;
  readonly available: boolean;
}

export interface DownloadReply {
  readonly filename: string;
  readonly _embedded: Readonly<Record<'files' | 'variations' | 'sidecar_files' | 'sprites', readonly DownloadEntry[]>>;
}

export const vendorAccept = 'application/vnd.gopro.jk.media+json; version=2.0.0';

/** Sends one request and reads the whole reply. Rejects if the connection breaks. */
export async function fetchOnce(
  url: string,
  headers: Record<string, string> = {},
  method: Dispatcher.HttpMethod = 'GET',
): Promise<TestReply> {
  const reply = await request(url, { method, headers });
  const body = Buffer.from(await reply.body.arrayBuffer());
  return { status: reply.statusCode, headers: reply.headers, body };
}

/** Sends a signed-in GET to the API. */
export async function callApi(cloud: GoproCloud, path: string, headers: Record<string, string> = {}): Promise<TestReply> {
  const cookie = `gp_access_token=${cloud.accessToken}; gp_user_id=${cloud.userId}`;
  return fetchOnce(`${cloud.apiUrl}${path}`, { accept: vendorAccept, cookie, ...headers });
}

/** Sends a signed-in GET to the API and parses the body. The caller states the type as `Reply`. */
export async function apiJson<Reply>(cloud: GoproCloud, path: string): Promise<Reply> {
  const { body } = await callApi(cloud, path);
  return JSON.parse(body.toString());
}

/** The first entry with this label in a medium's download reply. */
export async function resolve(cloud: GoproCloud, mediaId: string, label = 'source'): Promise<DownloadEntry> {
  const { _embedded: embedded } = await apiJson<DownloadReply>(cloud, `/media/${mediaId}/download`);
  const entry = [...embedded.variations, ...embedded.sidecar_files].find((each) => each.label === label);
  if (entry === undefined) throw new Error(`${mediaId} offers no ${label}.`);
  return entry;
}
