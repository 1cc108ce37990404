// Programs beside the run, and waiting for what they do. Nothing sleeps: until()
// asks again and again, and fails when its time is over.

import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

const started = [];

/** A setting that scripts/e2e-browser or scripts/e2e-scim makes. */
export function setting(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set: run scripts/e2e-browser or scripts/e2e-scim`);
  }
  return value;
}

export const scratch = setting('E2E_TMP');
export const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..', '..');

/** Runs a program to its end and returns what it printed. */
export async function ask(command, args, options = {}) {
  const { stdout } = await promisify(execFile)(command, args, options);
  return stdout;
}

/** Waits until attempt() returns something that is true, and returns that. */
export async function until(what, attempt, ms = 30_000) {
  const end = Date.now() + ms;
  for (;;) {
    const got = await attempt();
    if (got) {
      return got;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${ms / 1000} s in vain for ${what}`);
    }
    await new Promise((again) => setTimeout(again, 20));
  }
}

/** A loopback port on which nobody listens. */
export async function freePort() {
  const server = net.createServer();
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Starts a program that serves; ready is an address that answers 200 then. */
export async function serve(name, ready, command, args, env) {
  const log = path.join(scratch, `${name}.log`);
  const out = fs.openSync(log, 'a');
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', out, out] });
  fs.closeSync(out);
  let ended = false;
  const exit = new Promise((done) => child.once('exit', () => { ended = true; done(); }));
  const running = {
    name, log,
    async stop() {
      if (!ended) {
        child.kill('SIGTERM');
        await exit;
      }
    },
  };
  started.push(running);
  await until(`${name} to get ready`, async () => {
    if (ended) {
      throw new Error(`${name} ended before it was ready:\n${tail(log)}`);
    }
    return (await fetch(ready).catch(() => null))?.status === 200;
  });
  return running;
}

export const tail = (file) => fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');

/** Ends every program that serve() started. */
export async function stopAll() {
  for (const p of started.reverse()) {
    await p.stop();
  }
}

/** The last lines of what every program said. */
export const logs = () => started.map((p) => `--- ${p.name}\n${tail(p.log)}`).join('\n');

/** Writes a file at once, so that whoever reads it sees all of it. */
export function replace(file, text) {
  fs.writeFileSync(`${file}.new`, text, { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}

/** Puts TLS in front of a port, as a proxy that says who asks. */
export async function tlsInFront(folder, port) {
  await selfSigned(folder);
  const read = (name) => fs.readFileSync(path.join(folder, name));
  const proxy = https.createServer({ key: read('key.pem'), cert: read('cert.pem') }, (request, response) => {
    const hops = [request.headers['x-forwarded-for'], request.socket.remoteAddress].filter(Boolean).join(', ');
    const headers = { ...request.headers, 'x-forwarded-for': hops, 'x-forwarded-proto': 'https' };
    const onward = http.request({ host: '127.0.0.1', port, method: request.method, path: request.url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((ready) => proxy.listen(0, '127.0.0.1', ready));
  started.push({
    name: `TLS in front of ${port}`, log: '/dev/null',
    stop: () => new Promise((closed) => { proxy.close(closed); proxy.closeAllConnections(); }),
  });
  return proxy.address().port;
}

/** Makes a key and a certificate of its own in a folder: key.pem and cert.pem. */
export async function selfSigned(folder) {
  fs.mkdirSync(folder, { recursive: true });
  await ask('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'cert.pem')]);
}
