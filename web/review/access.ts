/** Who may ask the server: the browser of the person who started it, and nobody else. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';

/** What every answer says to the browser. Scripts, styles and pictures come from here; nothing goes elsewhere. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
    "trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), usb=()',
  // Pictures of patients do not belong into a browser's cache on disk.
  'cache-control': 'no-store',
};

/** Headers of every answer, errors and refusals too. */
export const addHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
};

/**
 * Lets a request through that names this server (no other name may point here: DNS rebinding), comes from this page or
 * from no page at all, and carries the token: once in the address, then in a cookie; programs send it as a bearer.
 * @param token the server's secret, at least 128 bits
 * @param port port that the server listens on; known once it does
 */
export function guard(token: string, port: () => number): MiddlewareHandler {
  return async (context, next) => {
    const hosts = [`127.0.0.1:${port()}`, `localhost:${port()}`];
    const host = context.req.header('host') ?? '';
    if (!hosts.includes(host)) return refuse(context, 'host-foreign');
    const origin = context.req.header('origin');
    if (origin !== undefined && origin !== `http://${host}`) return refuse(context, 'origin-foreign');
    const site = context.req.header('sec-fetch-site');
    // `none`: typed or opened from outside, which the first request of all is; it can only read the page's frame.
    if (site !== undefined && site !== 'same-origin' && !(site === 'none' && context.req.method === 'GET'))
      return refuse(context, 'origin-foreign');
    const isChange = context.req.method !== 'GET' && context.req.method !== 'HEAD';
    const isBearer = equals(bearerOf(context), token);
    if (isChange && !isBearer && origin === undefined) return refuse(context, 'origin-foreign');
    // A form of another page can send text, but not this type.
    if (isChange && !(context.req.header('content-type') ?? '').startsWith('application/json'))
      return refuse(context, 'origin-foreign');

    const cookie = `serieswise-review-${port()}`;
    const given = context.req.query('token');
    if (given !== undefined && context.req.path === '/' && equals(given, token)) {
      context.header('set-cookie', `${cookie}=${token}; Path=/; HttpOnly; SameSite=Strict`);
      // The address with the token stays neither in the bar nor in what the page could pass on.
      return context.redirect('/', 303);
    }
    if (!isBearer && !equals(cookieOf(context, cookie), token)) return refuse(context, 'token-missing');
    await next();
    return undefined;
  };
}

function refuse(context: Context, code: 'host-foreign' | 'origin-foreign' | 'token-missing') {
  const isToken = code === 'token-missing';
  const message = isToken
    ? 'Open the address that `serieswise review` printed: it carries the token.'
    : 'This request does not come from the review page.';
  if (isToken && context.req.path === '/') return context.text(`${message}\n`, 403);
  return context.json({ code, message }, 403);
}

function bearerOf(context: Context): string {
  return /^Bearer (\S+)$/.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
}

function cookieOf(context: Context, name: string): string {
  for (const part of (context.req.header('cookie') ?? '').split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name) return value ?? '';
  }
  return '';
}

/** Compares digests, so that time tells nothing of the token, its length included. */
function equals(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
