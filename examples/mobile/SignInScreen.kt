package com.example.signin

import androidx.compose.material3.Button
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.platform.LocalContext
import loggin.Loggin
import loggin.LogginException
import loggin.android.followApp
import loggin.android.openWhatsApp

/** A button that opens WhatsApp, and what comes of it. `onToken` hands the token to the app's server. */
@Composable
fun SignInScreen(loggin: Loggin, appKey: String, onToken: suspend (String) -> Unit) {
    val context = LocalContext.current
    // Saved with the screen: the system may end the app while WhatsApp is open.
    var token by rememberSaveable { mutableStateOf<String?>(null) }
    var problem by rememberSaveable { mutableStateOf<String?>(null) }

    DisposableEffect(loggin) {
        val following = loggin.followApp(context)
        onDispose { following.close() }
    }

    LaunchedEffect(token) {
        val waitingFor = token ?: return@LaunchedEffect
        try {
            loggin.waitForVerify(waitingFor)
            onToken(waitingFor)
        } catch (error: LogginException) {
            problem = error.code
        }
        token = null
    }

    Button(onClick = {
        val login = loggin.createToken(appKey)
        token = login.token
        problem = null
        if (!context.openWhatsApp(login)) problem = "no app opens links"
    }) { Text(if (token == null) "Continue with WhatsApp" else "Waiting for your message") }
    problem?.let { Text("That did not work ($it). Please try again.") }
}
