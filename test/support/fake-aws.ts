/** A fake AWS on loopback for JSON services. It chooses an answer by the name of the operation. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export interface FakeAnswer {
  readonly status?: number;
  readonly body: object;
}

/** The answers to each operation, such as `StartExecution`, in order. The last one is repeated. */
export type FakeAnswers = Readonly<Record<string, readonly FakeAnswer[]>>;

export interface FakeAws {
  /** The environment variables with which the command line finds the fake AWS. */
  readonly environment: Readonly<Record<string, string>>;
  /** The requests, in order. */
  readonly asked: readonly { readonly operation: string; readonly request: Readonly<Record<string, unknown>> }[];
}

export function refusal(type: string, message = 'no'): FakeAnswer {
  return { status: 400, body: { __type: type, message } };
}

/** Starts a fake AWS that ends with the test. */
export async function startFakeAws(answers: FakeAnswers): Promise<FakeAws> {
  const asked: { operation: string; request: Record<string, unknown> }[] = [];
  const left = new Map(Object.entries(answers).map(([operation, list]) => [operation, [...list]]));
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const operation = String(request.headers['x-amz-target']).split('.').at(-1)!;
      asked.push({ operation, request: body as Record<string, unknown> });
      const answersLeft = left.get(operation) ?? [refusal('UnknownOperationException', operation)];
      const answer = answersLeft.length > 1 ? answersLeft.shift()! : answersLeft[0]!;
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer.body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()));
  const { port } = server.address() as AddressInfo;
  const environment = { ...awsEnvironment, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
  return { environment, asked };
}

/** Credentials and a region for tests. The AWS files of the machine are not used. */
export const awsEnvironment = {
  AWS_ACCESS_KEY_ID: 'TESTKEY',
  AWS_SECRET_ACCESS_KEY: 'not-a-secret-only-for-loopback',
  AWS_REGION: 'eu-west-3',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
} as const;
