package loggin

import loggin.ffi.LogLevel
import loggin.ffi.setLogListener

/**
 * What all clients log: the way to their server, and nothing secret. It is silent unless somebody listens.
 *
 * ```
 * LogginLog.listen { level, text -> Log.println(priorityOf(level), "loggin", text) }
 * ```
 */
public object LogginLog {
    /** How much a line matters. */
    public enum class Level(internal val native: LogLevel) {
        /** Each connection. */
        DEBUG(LogLevel.DEBUG),

        /** A server is reached again. */
        INFO(LogLevel.INFO),

        /** A server is not reached, and why. */
        WARN(LogLevel.WARN),

        /** Something went wrong that should not. */
        ERROR(LogLevel.ERROR),
    }

    /** Hears the lines, one after the other, on a thread of its own. */
    public fun interface Listener {
        /** A line: it holds no token, no code and no phone number. */
        public fun log(level: Level, text: String)
    }

    /** Gives a listener what is logged from now on at this level and above, in place of an earlier one. */
    @JvmStatic
    @JvmOverloads
    public fun listen(level: Level = Level.DEBUG, listener: Listener) {
        setLogListener(level.native, Bridge(listener))
    }

    /** Gives nobody anything any more. */
    @JvmStatic
    public fun silence() {
        setLogListener(LogLevel.ERROR, null)
    }

    private class Bridge(private val listener: Listener) : loggin.ffi.LogListener {
        override fun log(level: LogLevel, text: String) {
            listener.log(Level.entries.first { it.native == level }, text)
        }
    }
}
