/** Where inputs, outputs and states are: a path, or `s3://BUCKET/PREFIX`. */
import path from 'node:path';
import { StageFailure } from '../failures.ts';

/** Whether a location is a place in a bucket: `s3://bucket` or `s3://bucket/prefix`. */
export function isBucketLocation(location: string): boolean {
  return location.startsWith('s3://');
}

/** One spelling for each place: an absolute path, or `s3://bucket/prefix` without a slash at the end. */
export function normalizeLocation(location: string): string {
  if (!isBucketLocation(location)) return path.resolve(location);
  const { bucket, prefix } = parseBucketLocation(location);
  return prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
}

/** @throws StageFailure `location-invalid` */
export function parseBucketLocation(location: string): { bucket: string; prefix: string } {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(location);
  const parts = (match?.[2] ?? '').split('/').filter((part) => part !== '');
  if (match === null || parts.some((part) => part === '.' || part === '..')) {
    const message = 'A location on S3 is written s3://BUCKET/PREFIX.';
    throw new StageFailure('location-invalid', 'permanent', message);
  }
  return { bucket: match[1]!, prefix: parts.join('/') };
}

/** Whether `child` is `parent` or lies below it. Both normalized. */
export function isInside(child: string, parent: string): boolean {
  const separator = isBucketLocation(parent) ? '/' : path.sep;
  return child === parent || child.startsWith(parent.endsWith(separator) ? parent : parent + separator);
}
