// A real OpenID provider on this machine: public native client, PKCE required, refresh tokens that rotate.
// With a key and a certificate it speaks TLS and lives below /tenant, as Entra does.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Provider } from 'oidc-provider';

const [port, key, cert] = [Number(process.argv[2]), process.argv[3], process.argv[4]];
const provider = new Provider(key ? `https://localhost:${port}/tenant` : `http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'gangly',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      redirect_uris: ['http://127.0.0.1/callback', 'http://localhost'],
      response_types: ['code'],
    },
  ],
  scopes: ['openid', 'profile', 'offline_access', ...(process.argv[5] ?? '').split(' ').filter(Boolean)],
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
  rotateRefreshToken: () => true,
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  ttl: { AccessToken: 3600, AuthorizationCode: 60, DeviceCode: 600, Grant: 86400, Interaction: 600, RefreshToken: 86400, Session: 600, IdToken: 3600 },
  findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true }, revocation: { enabled: true } },
});
if (key) {
  const app = provider.callback();
  createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (req, res) => {
    req.originalUrl = req.url;
    req.url = req.url.replace(/^\/tenant/, '').replace('prompt=select_account', 'prompt=consent'); // Entra's own word
    app(req, res);
  }).listen(port, '127.0.0.1', () => console.log('ready'));
} else {
  provider.listen(port, '127.0.0.1', () => console.log('ready'));
}
