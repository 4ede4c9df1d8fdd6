import { withSession } from '@loggin/nextjs';

/** Who is signed in, for programs: 401 for everybody else. */
export const GET = withSession((_request, { phone }) => Response.json({ phone }));
