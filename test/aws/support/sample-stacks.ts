import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { createArchiveStack } from '../../../infra/archive-stack.ts';
import { readContext } from '../../../infra/context.ts';
import { environments, type EnvironmentSettings } from '../../../infra/environments.ts';
import { createServiceStack } from '../../../infra/service-stack.ts';

/**
 * Makes both stacks of an environment, with the flags of cdk.json and functions that do nothing.
 */
export function sampleStacks(
  given: Readonly<Record<string, string>>,
  changes: Partial<EnvironmentSettings> = {},
): { readonly app: App; readonly archive: Stack; readonly service: Stack } {
  const settings = JSON.parse(readFileSync(join(import.meta.dirname, '../../../cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  // Skips the validation against CloudFormation's schemas, because the real synthesis does it.
  const app = new App({ context: { ...settings.context, ...given }, builtinCloudFormationValidation: false });
  const context = readContext(given);
  const deployment = { context, environment: { ...environments[context.env], ...changes } };
  const archive = createArchiveStack(app, deployment);
  const code = lambda.Code.fromInline('exports.handler = async () => {};');
  return { app, archive: archive.stack, service: createServiceStack(app, { ...deployment, archive, codeOf: () => code }) };
}

export interface Templates {
  readonly archive: Template;
  readonly service: Template;
}

export function sampleTemplates(...given: Parameters<typeof sampleStacks>): Templates {
  const { archive, service } = sampleStacks(...given);
  return { archive: Template.fromStack(archive), service: Template.fromStack(service) };
}

/** A reference to the state machine. */
export function machineOf(template: Template): { Ref: string } {
  const [id = ''] = Object.keys(template.findResources('AWS::StepFunctions::StateMachine'));
  return { Ref: id };
}

export function queueArnOf(template: Template, QueueName: string): unknown {
  const [id] = Object.keys(template.findResources('AWS::SQS::Queue', { Properties: { QueueName } }));
  return { 'Fn::GetAtt': [id, 'Arn'] };
}
