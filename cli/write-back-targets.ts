/** Where `write-back` can put reports: a folder, a DICOMweb server (STOW-RS) or a DICOM peer (C-STORE). */
import fs from 'node:fs';
import path from 'node:path';
import { StageFailure } from '../activities/failures.ts';
import { dicomwebConnection, dimseConnection } from '../activities/sources/credentials.ts';
import { isInside } from '../activities/store/locations.ts';
import { UnitError } from '../cohorts/cohort-error.ts';
import { folderTarget, type ReportTarget } from '../cohorts/write-back.ts';
import { DicomwebClient, SERVER_HABITS } from '../dicomweb/client.ts';
import { DicomwebError } from '../dicomweb/errors.ts';
import { type DimsePeer, store } from '../dimse/client.ts';
import { DimseError } from '../dimse/errors.ts';
import { CliError } from './exit.ts';

const TIMEOUT_MS = 60_000;
const never = new AbortController().signal;

/** The options that name the place, and how to get there. */
export interface TargetOptions {
  to?: string;
  dicomweb?: string;
  dimse?: string;
  auth: 'none' | 'basic' | 'bearer';
  aeTitle: string;
  tls?: boolean;
}

/**
 * @param output output folder of the run
 * @throws CliError 2 unless one place is named, and a folder is not within the output; 3 when a secret is missing
 */
export function openReportTarget(output: string, options: TargetOptions): ReportTarget {
  const { to, dicomweb, dimse, auth, aeTitle, tls } = options;
  if ([to, dicomweb, dimse].filter((place) => place !== undefined).length !== 1)
    throw new CliError('Name one place: --to FOLDER, --dicomweb URL or --dimse AET@HOST:PORT.', 2);
  if (dicomweb !== undefined) return dicomwebTarget(dicomweb, auth);
  if (dimse !== undefined) return dimseTarget(dimse, aeTitle, tls === true);
  if (isInside(realPathOf(to!), realPathOf(output)))
    throw new CliError('--to must not lie in the output of the run.', 2);
  return folderTarget(path.resolve(to!));
}

/** With links resolved as far as the path is there. */
function realPathOf(location: string): string {
  const absolute = path.resolve(location);
  if (fs.existsSync(absolute)) return fs.realpathSync(absolute);
  return path.join(realPathOf(path.dirname(absolute)), path.basename(absolute));
}

/** Secrets and TLS files come from the environment, as those of a source do. @throws CliError 2, 3 */
function dicomwebTarget(url: string, auth: 'none' | 'basic' | 'bearer'): ReportTarget {
  if (!/^https?:\/\/[^\s@?#]+$/.test(url))
    throw new CliError('--dicomweb is an http(s) address without user, password and query.', 2);
  const connection = fromEnvironment(() => dicomwebConnection({ url, auth }));
  const client = new DicomwebClient({
    url,
    pageSize: 1,
    habits: SERVER_HABITS.generic,
    http: {
      authorization: connection.authorization,
      tls: connection.tls,
      attempts: 4,
      firstWaitMs: 1_000,
      longestWaitMs: 30_000,
      timeoutMs: TIMEOUT_MS,
      perSecond: 50,
    },
  });
  return {
    async take(report) {
      try {
        await client.store(report.toFile(), never);
      } catch (error) {
        if (!(error instanceof DicomwebError)) throw error;
        // 409: this instance is not taken. Of other refusals (404, 405, 415 …) the next one would get the same.
        if (error.code === 'refused' && [200, 202, 409].includes(error.status ?? 0))
          throw new UnitError('refused');
        throw unusable('DICOMweb server', error);
      }
    },
    close: () => client.close(),
  };
}

/** @param address AET@HOST:PORT @throws CliError 2, 3 */
function dimseTarget(address: string, callingAeTitle: string, tls: boolean): ReportTarget {
  const match = /^([^\\@\s]{1,16})@(\[[0-9A-Fa-f:]+\]|[^\s:@[\]]+):(\d{1,5})$/.exec(address);
  const [, title = '', host = '', port = ''] = match ?? [];
  if (match === null || Number(port) < 1 || Number(port) > 65_535)
    throw new CliError('--dimse is written AET@HOST:PORT, such as PACS@pacs.example.org:104.', 2);
  if (!/^[^\\\s]{1,16}$/.test(callingAeTitle))
    throw new CliError('--ae-title is 1 to 16 characters without spaces.', 2);
  const spec = { host: host.replace(/[[\]]/g, ''), port: Number(port), called_ae_title: title, tls };
  const peer: DimsePeer = {
    ...fromEnvironment(() => dimseConnection(spec)),
    callingAeTitle,
    timeoutMs: TIMEOUT_MS,
  };
  return {
    async take(report) {
      try {
        await store(peer, report, never);
      } catch (error) {
        if (!(error instanceof DimseError)) throw error;
        // PS3.4 table B.2-1: A7xx is want of room, which the next one would meet too.
        if (error.code === 'failed' && ((error.status ?? 0) & 0xff00) !== 0xa700)
          throw new UnitError('refused');
        throw unusable('DICOM peer', error);
      }
    },
    async close() {},
  };
}

function unusable(what: string, error: Error): CliError {
  const advice = 'The same command sends the same objects again.';
  return new CliError(`The ${what} cannot be used: ${error.message}. ${advice}`, 3);
}

function fromEnvironment<Settings>(read: () => Settings): Settings {
  try {
    return read();
  } catch (error) {
    if (error instanceof StageFailure) throw new CliError(error.message, 3);
    throw error;
  }
}
