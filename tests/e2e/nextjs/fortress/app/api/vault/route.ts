import { treasure } from '../../../treasure';

/** A route that the route guard alone protects, in every method. */
const give = () =>
  Response.json({ treasure: treasure('route') }, { headers: { 'X-Treasure': treasure('header') } });

export {
  give as DELETE,
  give as GET,
  give as HEAD,
  give as OPTIONS,
  give as PATCH,
  give as POST,
  give as PUT,
};
