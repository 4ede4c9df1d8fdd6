"use server"
import { verifyToken } from '@loggin/nextjs'
import { cookies } from 'next/headers'

export async function loginAction(token: string) {
  const session = await verifyToken(token)
  if (!session) throw new Error('Not verified yet')
  const jar = await cookies()
  jar.set('session', JSON.stringify({ phone: session.phone }), { httpOnly: true, secure: true, sameSite: 'lax', maxAge: 60 * 60 * 24 * 30 })
  return session
}
