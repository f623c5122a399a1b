import type { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { sampleTemplates } from '../test/aws/support/sample-stacks.ts';

interface Statement {
  readonly Effect: string;
  readonly Principal?: { readonly Service?: string };
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * Every statement of a template that allows something to a service, with the id of its resource.
 */
function allowedServices(template: Template): (readonly [string, Statement])[] {
  const { Resources } = template.toJSON() as { readonly Resources: Readonly<Record<string, unknown>> };
  return Object.entries(Resources).flatMap(([id, resource]) =>
    statementsIn(resource).map((statement) => [id, statement] as const),
  );
}

/**
 * Finds the statements anywhere in a resource, because each type has another name for its policy.
 */
function statementsIn(value: unknown): Statement[] {
  if (value === null || typeof value !== 'object') return [];
  const { Effect, Principal } = value as Partial<Statement>;
  if (Effect === 'Allow' && Principal?.Service !== undefined) return [value as Statement];
  return Object.values(value).flatMap(statementsIn);
}

test.each([['sse-s3'], ['kms']] as const)('with %s every service of AWS may act only for this account', (encryption) => {
  const templates = sampleTemplates({ env: 'prod', email: 'somebody@example.org' }, { encryption });
  const statements = Object.values(templates).flatMap(allowedServices);
  const open = statements.filter(([, { Condition = {} }]) => {
    const keys = Object.values(Condition).flatMap((test) => Object.keys(test));
    return !keys.includes('aws:SourceAccount') && !keys.includes('aws:SourceArn');
  });
  expect(open).toEqual([]);
  const services = new Set(statements.map(([, { Principal }]) => Principal?.Service));
  const names = ['cloudwatch', 'events', 'lambda', 'scheduler', 'sns', 'states'].map((name) => `${name}.amazonaws.com`);
  expect(services).toEqual(new Set(names));
});
