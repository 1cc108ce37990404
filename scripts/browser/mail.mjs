// Reading the messages that rollcall writes into its mail folder.

/** Reads a message: to, subject, its text part, and the links that stand in it. */
export function readMail(message) {
  const { headers, body } = split(message);
  const text = textOf(headers, body);
  return {
    to: headers.to ?? '', subject: words(headers.subject ?? ''), text,
    links: [...text.matchAll(/https?:\/\/\S+/g)].map((m) => m[0]),
  };
}

function split(part) {
  const [head, ...rest] = part.replaceAll('\r\n', '\n').split('\n\n');
  const headers = {};
  for (const line of head.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { headers, body: rest.join('\n\n') };
}

function textOf(headers, body) {
  const boundary = headers['content-type']?.match(/boundary="?([^";]+)"?/)?.[1];
  if (!boundary) {
    return headers['content-type']?.startsWith('text/plain') ? decode(headers['content-transfer-encoding'], body) : '';
  }
  return body.split(`--${boundary}`).slice(1).map((part) => split(part.replace(/^\r?\n/, ''))).map((p) => textOf(p.headers, p.body)).join('');
}

function decode(encoding, body) {
  switch (encoding?.toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64').toString();
    case 'quoted-printable':
      return quoted(body.replace(/=\n/g, ''));
    default:
      return body;
  }
}

const quoted = (text) => Buffer.from(text.replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1').toString();

/** Words of a header that are not ASCII (RFC 2047). */
const words = (text) => text.replace(/\?=\s+=\?/g, '?==?').replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind, value) =>
  kind.toLowerCase() === 'b' ? Buffer.from(value, 'base64').toString() : quoted(value.replaceAll('_', ' ')));
