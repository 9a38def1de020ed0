/**
 * Worker Deployments of Temporal: a run stays with the build of the workers that began it, so that a deploy never hands
 * a history to code that did not write it. docs/cluster.md tells how an upgrade goes.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import { StageFailure } from '../activities/failures.ts';
import { taskQueuePrefix } from './machine.ts';
import { packageRoot, productVersion } from './package-root.ts';

type DeploymentVersion = WorkerDeploymentOptions['version'];

/** gRPC: there is no such version, or it lacks a poller of a queue that the current version has. */
const NOT_YET = new Set([5, 9]);

/**
 * The version that this build is. `TEMPORAL_DEPLOYMENT_NAME` and `TEMPORAL_WORKER_BUILD_ID`, which Temporal's controller
 * for Kubernetes sets, replace the names that follow from the task queues and from the sources.
 */
export function deploymentVersion(): DeploymentVersion {
  return {
    deploymentName: process.env.TEMPORAL_DEPLOYMENT_NAME ?? taskQueuePrefix(),
    buildId: process.env.TEMPORAL_WORKER_BUILD_ID ?? ownBuildId(),
  };
}

/** Version and digest of the sources: the same on every machine that has the same build. */
function ownBuildId(): string {
  const stamp = fs.readFileSync(path.join(packageRoot(), 'dist/.stamp'), 'utf8');
  return `${productVersion()}-${stamp.slice(0, 12)}`;
}

/**
 * Sends new runs to this build's workers; runs under way stay where they are. Waits until workers of it poll.
 * @throws StageFailure `deployment-not-ready`
 */
export async function makeCurrent(client: Client, namespace: string, timeoutMs = 60_000): Promise<void> {
  const request = { namespace, identity: 'serieswise-client', ...deploymentVersion() };
  for (const began = Date.now(); ; await sleep(500)) {
    try {
      await client.workflowService.setWorkerDeploymentCurrentVersion(request);
      return;
    } catch (error) {
      if (!isGrpcServiceError(error) || !NOT_YET.has(error.code)) throw error;
      if (Date.now() - began < timeoutMs) continue;
      const message =
        'The deployment cannot be switched to this build: start workers of it with --versioned for every queue first.';
      throw new StageFailure('deployment-not-ready', 'environment', message);
    }
  }
}
