/** Addresses and secrets of sources, from the environment alone: a spec travels in histories and in run.json. */
import fs from 'node:fs';
import type { DicomwebSource, DimseSource } from '../../pipelines/source-schema.ts';
import { StageFailure } from '../failures.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** PEM texts. */
export interface TlsFiles {
  ca: string | null;
  cert: string | null;
  key: string | null;
  passphrase: string | null;
}

/** @throws StageFailure `source-settings` when an address or a secret is missing, naming the variable */
export function dicomwebConnection(
  source: Pick<DicomwebSource, 'url' | 'auth'>,
  env: Environment = process.env,
): { url: string; authorization: string | null; tls: TlsFiles } {
  const url = source.url ?? env.SERIESWISE_DICOMWEB_URL;
  if (url === undefined) throw missing('SERIESWISE_DICOMWEB_URL (or source.url)');
  if (!/^https?:\/\/[^\s@?#]+$/.test(url))
    throw new StageFailure(
      'source-settings',
      'environment',
      'SERIESWISE_DICOMWEB_URL is no http(s) address.',
    );
  return { url, authorization: authorizationOf(source.auth, env), tls: tlsFiles('SERIESWISE_DICOMWEB', env) };
}

function authorizationOf(auth: DicomwebSource['auth'], env: Environment): string | null {
  if (auth === 'none') return null;
  if (auth === 'bearer') return `Bearer ${secret('SERIESWISE_DICOMWEB_TOKEN', env)}`;
  const user = secret('SERIESWISE_DICOMWEB_USER', env);
  const password = secret('SERIESWISE_DICOMWEB_PASSWORD', env);
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** @throws StageFailure `source-settings` */
export function dimseConnection(
  source: Pick<DimseSource, 'host' | 'port' | 'called_ae_title' | 'tls'>,
  env: Environment = process.env,
): { host: string; port: number; calledAeTitle: string; tls: TlsFiles | null } {
  const host = source.host ?? env.SERIESWISE_DIMSE_HOST;
  const port = source.port ?? Number(env.SERIESWISE_DIMSE_PORT ?? Number.NaN);
  const calledAeTitle = source.called_ae_title ?? env.SERIESWISE_DIMSE_CALLED_AE;
  if (host === undefined) throw missing('SERIESWISE_DIMSE_HOST (or source.host)');
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw missing('SERIESWISE_DIMSE_PORT (or source.port)');
  if (calledAeTitle === undefined) throw missing('SERIESWISE_DIMSE_CALLED_AE (or source.called_ae_title)');
  return { host, port, calledAeTitle, tls: source.tls ? tlsFiles('SERIESWISE_DIMSE', env) : null };
}

/** Files of `PREFIX_CA_FILE`, `_CERT_FILE`, `_KEY_FILE` and the text of `_KEY_PASSPHRASE`. @throws StageFailure */
export function tlsFiles(prefix: string, env: Environment = process.env): TlsFiles {
  const read = (name: string) => {
    const file = env[`${prefix}_${name}`];
    if (file === undefined) return null;
    try {
      return fs.readFileSync(file, 'utf8');
    } catch {
      throw new StageFailure(
        'source-settings',
        'environment',
        `The file of ${prefix}_${name} cannot be read.`,
      );
    }
  };
  const files = { ca: read('CA_FILE'), cert: read('CERT_FILE'), key: read('KEY_FILE') };
  if ((files.cert === null) !== (files.key === null))
    throw missing(`${prefix}_CERT_FILE and ${prefix}_KEY_FILE`);
  return { ...files, passphrase: env[`${prefix}_KEY_PASSPHRASE`] ?? null };
}

/** A secret, or the content of the file that `NAME_FILE` names. */
function secret(name: string, env: Environment): string {
  const file = env[`${name}_FILE`];
  if (env[name] !== undefined) return env[name];
  if (file === undefined) throw missing(name);
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch {
    throw new StageFailure('source-settings', 'environment', `The file of ${name}_FILE cannot be read.`);
  }
}

function missing(name: string): StageFailure {
  return new StageFailure('source-settings', 'environment', `The source needs ${name} in the environment.`);
}
