import { App, Tags, Validations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { createArchiveStack } from './archive-stack.ts';
import { bundleFunctions } from './bundle.ts';
import { readContext } from './context.ts';
import { environments } from './environments.ts';
import { createServiceStack } from './service-stack.ts';
import { describeStorageCost } from './storage-cost.ts';

// The entry point of `npx cdk`. It deploys one environment, which `-c env=` names. The file
// context.ts lists all settings for `-c`.
const app = new App();
try {
  synthesize();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
}

function synthesize(): void {
  const context = readContext(app.node.getAllContext() as Readonly<Record<string, unknown>>);
  const deployment = { context, environment: environments[context.env] };
  const folders = bundleFunctions();
  const archive = createArchiveStack(app, deployment);
  createServiceStack(app, { ...deployment, archive, codeOf: (name) => lambda.Code.fromAsset(folders[name]) });
  Tags.of(app).add('application', 'cloud-sync');
  Tags.of(app).add('environment', context.env);
  // The checks are added here and not in the stacks. In the stacks, a finding would also stop the
  // synth in tests.
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  process.stderr.write(`${describeStorageCost(deployment.environment.storage)}\n`);
  if (context.email === undefined)
    process.stderr.write(
      'warning: without -c email=ADDRESS no notification is sent, and a subscription of an earlier deployment is removed\n',
    );
}
