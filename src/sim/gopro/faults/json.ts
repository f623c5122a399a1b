/** Faults in the JSON replies of the API. */
import type { FaultAction } from './faults.ts';
import type { Reply } from '../../reply.ts';

type Medium = Readonly<Record<string, unknown>>;

/** The common fields of listings and download replies. Only listings have pages and media. */
interface Envelope {
  readonly _pages?: { readonly total_items: number; readonly total_pages: number };
  readonly _embedded: { readonly media?: readonly Medium[] };
}

/** Returns the media in a listing, or an empty list for any other reply. */
export function mediaOf(reply: Reply): readonly Medium[] {
  if (reply.body.kind !== 'json' || !isEnvelope(reply.body.value)) return [];
  const { _embedded: embedded } = reply.body.value;
  return embedded.media ?? [];
}

/** Returns the reply with a fault in its JSON. Changes only a successful reply that has JSON. */
export function jsonFault(reply: Reply, action: FaultAction, pageBefore: () => readonly Medium[]): Reply {
  if (reply.body.kind !== 'json' || reply.status !== 200) return reply;
  const { value } = reply.body;
  if (action.type === 'malformedJson') return cutShort(reply, JSON.stringify(value));
  if (action.type === 'unknownFields') return { ...reply, body: { kind: 'json', value: withUnknownFields(value) } };
  if (!isEnvelope(value)) return reply;
  return { ...reply, body: { kind: 'json', value: spoilt(value, action, pageBefore) } };
}

function spoilt(envelope: Envelope, action: FaultAction, pageBefore: () => readonly Medium[]): unknown {
  const { _pages: pages, _embedded: embedded } = envelope;
  const media = embedded.media ?? [];
  switch (action.type) {
    case 'duplicates':
      return { ...envelope, _embedded: { ...embedded, media: [...pageBefore().slice(-action.count), ...media] } };
    case 'emptyPage':
      return { ...envelope, _embedded: { ...embedded, media: [] } };
    case 'totalZero':
      return {
        _pages: { ...pages, total_items: 0, total_pages: 0 },
        _embedded: { ...embedded, media: action.withMedia ? media : [] },
      };
    case 'totalDrift':
      return { ...envelope, _pages: { ...pages, total_items: (pages?.total_items ?? 0) + action.delta } };
    case 'misshapen':
      return withoutPart(envelope, action.missing);
    default:
      return envelope;
  }
}

function withoutPart(envelope: Envelope, missing: '_embedded' | '_pages' | 'media' | 'id'): unknown {
  const { _pages: pages, _embedded: embedded, ...rest } = envelope;
  const { media = [], ...others } = embedded;
  switch (missing) {
    case '_embedded':
      return { ...rest, _pages: pages };
    case '_pages':
      return { ...rest, _embedded: embedded };
    case 'media':
      return { ...envelope, _embedded: others };
    default: {
      const nameless = media.map(({ id: _id, ...medium }) => medium);
      return { ...envelope, _embedded: { ...others, media: [...nameless.slice(0, 1), ...media.slice(1)] } };
    }
  }
}

function cutShort(reply: Reply, text: string): Reply {
  const rest = text.slice(0, Math.floor((text.length * 2) / 3));
  return {
    ...reply,
    headers: { ...reply.headers, 'content-length': String(Buffer.byteLength(rest)) },
    body: { kind: 'text', text: rest },
  };
}

function withUnknownFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnknownFields);
  if (typeof value !== 'object' || value === null) return value;
  const known = Object.entries(value).map(([name, inner]) => [name, withUnknownFields(inner)]);
  return { ...Object.fromEntries(known), hyper_field: { levels: [1, null, 'two'] } };
}

function isEnvelope(value: unknown): value is Envelope {
  return typeof value === 'object' && value !== null && '_embedded' in value;
}
