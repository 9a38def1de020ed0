import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runProgram } from '../cli/program.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';

interface Service {
  image?: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  restart?: string;
  environment?: Record<string, string>;
  secrets?: (string | { source: string })[];
  volumes?: string[];
  ports?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  stop_grace_period?: string;
}

const text = fs.readFileSync(path.join(repositoryRoot, 'docker-compose.yml'), 'utf8');
const compose: {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, null>;
} = parse(text, { merge: true });
const services = Object.entries(compose.services);
const secretsOf = ({ secrets = [] }: Service) =>
  secrets.map((each) => (typeof each === 'string' ? each : each.source));

describe('docker-compose.yml', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-compose-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('pins every image, its own by what builds them', () => {
    for (const [name, { image, build }] of services) {
      if (build === undefined) expect(image, name).toMatch(/:v?\d+\.\d+(\.\d+)?$/);
      else
        expect(
          fs.existsSync(path.join(repositoryRoot, build.context, build.dockerfile)) ||
            fs.existsSync(path.join(repositoryRoot, build.dockerfile)),
          name,
        ).toBe(true);
    }
  });

  it('asks every service that stays after its health, and waits for what a service needs', () => {
    for (const [name, service] of services) {
      if (service.restart === 'unless-stopped') expect(service.healthcheck?.test[0], name).toBe('CMD');
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(compose.services[other], `${name} needs ${other}`).toBeDefined();
        if (condition === 'service_healthy')
          expect(compose.services[other]!.healthcheck, other).toBeDefined();
      }
    }
  });

  it('declares what it names, and uses what it declares', () => {
    const named = services.flatMap(([, service]) => secretsOf(service));
    expect(new Set(named)).toEqual(new Set(Object.keys(compose.secrets)));
    const volumes = services.flatMap(([, { volumes: mounted = [] }]) =>
      mounted.map((each) => each.split(':')[0]!),
    );
    // The others are folders of this machine.
    expect(new Set(volumes.filter((each) => /^\w+$/.test(each)))).toEqual(
      new Set(Object.keys(compose.volumes)),
    );
  });

  it('keeps secrets out of variables, and all ports on loopback', () => {
    for (const [name, service] of services) {
      for (const [variable, value] of Object.entries(service.environment ?? {}))
        if (/PASSWORD|SECRET|KEY|TOKEN|CREDENTIALS/.test(variable)) {
          expect(variable, name).toMatch(/FILE$/);
          expect(secretsOf(service), name).toContain(value.replace('/run/secrets/', ''));
        }
      for (const port of service.ports ?? []) expect(port, name).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it('makes the files of its secrets once, and what is there stays', () => {
    const make = () =>
      spawnSync('sh', [path.join(repositoryRoot, 'docker/make-secrets.sh')], { cwd: folder });
    expect(make().status).toBe(0);
    const contents = () =>
      Object.values(compose.secrets).map(({ file }) => fs.readFileSync(path.join(folder, file), 'utf8'));
    const first = contents();
    expect(first[0]).toMatch(/^[0-9a-f]{64}\n$/);
    expect(fs.statSync(path.join(folder, 'secrets')).mode & 0o077).toBe(0);
    make();
    expect(contents()).toEqual(first);
    // Neither of them gets into a commit or an image.
    for (const ignore of ['.gitignore', 'docker/Dockerfile.dockerignore'])
      expect(fs.readFileSync(path.join(repositoryRoot, ignore), 'utf8')).toMatch(/^\/?secrets\/?$/m);
  });

  it('has the metrics of every worker read, and shown by Grafana', () => {
    const read = (file: string) => parse(fs.readFileSync(path.join(repositoryRoot, 'docker', file), 'utf8'));
    const [job] = read('prometheus.yml').scrape_configs;
    const [{ names, port }] = job.dns_sd_configs;
    expect(names).toEqual(services.flatMap(([name]) => (name.startsWith('worker-') ? [name] : [])));
    for (const name of names) expect(compose.services[name]!.command).toContain(`0.0.0.0:${port}`);
    const mounts = compose.services.grafana!.volumes!.map((each) => each.split(':'));
    const [{ options }] = read('grafana/dashboards.yaml').providers;
    const shown = mounts.find(([, target]) => path.posix.dirname(target!) === options.path)!;
    expect(shown[0]).toBe('./docker/grafana/serieswise.json');
    const [{ url }] = read('grafana/datasources.yaml').datasources;
    expect(compose.services[new URL(url).hostname]!.ports).toContain(`127.0.0.1:9090:${new URL(url).port}`);
    for (const service of [compose.services.grafana!, compose.services.prometheus!])
      for (const [source, target] of service.volumes!.map((each) => each.split(':')))
        if (source!.startsWith('./'))
          expect(fs.existsSync(path.join(repositoryRoot, source!)), target).toBe(true);
  });

  it('gives workers time to drain, and commands that the program knows', () => {
    const workers = services.filter(([name]) => name.startsWith('worker-'));
    expect(workers.length).toBe(2);
    for (const [name, { command = [], stop_grace_period: grace }] of workers) {
      // The worker stops its steps 10 seconds after SIGTERM at the latest.
      expect(Number.parseInt(grace ?? '', 10), name).toBeGreaterThan(10);
      const args = command.map((each) => each.replace(/\$\{\w+:-([^}]*)\}/g, '$1'));
      const { exitCode, stderr } = runProgram(args, { TEMPORAL_ADDRESS: '' });
      expect([exitCode, stderr], name).toEqual([2, expect.stringContaining('Set TEMPORAL_ADDRESS')]);
    }
  });
});
