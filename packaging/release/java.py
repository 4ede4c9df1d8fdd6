"""The JAR for Java and Kotlin, with the library for this platform, sources and documentation: a Maven repository."""

from __future__ import annotations

import platform
import shutil

from . import notices
from .plan import Plan

# How JNA calls the folder in which it looks for a library.
_FOLDERS = {"x86_64": "linux-x86-64", "aarch64": "linux-aarch64"}
_LIBRARY = "libloggin_mobile.so"


def build(plan: Plan) -> None:
    """Builds and deploys into dist/maven, which a project takes as a repository."""
    for program in ("javac", "mvn"):
        if shutil.which(program) is None:
            why = f"{program} is missing; with apt-get it is in default-jdk-headless and maven"
            print(f"skipped: jar: {why}", flush=True)
            plan.missing.append(("the JAR", why))
            return
    resources = plan.stage("java")
    native = resources / _FOLDERS[platform.machine()]
    information = resources / "META-INF"
    for folder in (native, information):
        folder.mkdir()
    shutil.copyfile(plan.built / _LIBRARY, native / _LIBRARY)
    plan.copy_licences(information)
    notices.write(plan, "loggin-mobile", information)
    chosen = [
        f"-Dnative.resources={resources}",
        f"-DaltDeploymentRepository=dist::{plan.folder('maven').as_uri()}",
    ]
    if plan.quick:
        # Dokka takes longer than all the rest.
        chosen.append("-Dskip.javadoc=true")
        plan.missing.append(("the documentation of the JAR", "left out by QUICK=1"))
    plan.run(
        *("mvn", "-q", "-B", "deploy", "-Prelease", "-Dmaven.test.skip=true", *chosen),
        cwd=plan.root / "bindings" / "mobile" / "kotlin",
        # The sources are generated out of the library with its metadata, which is built for development.
        CARGO_TARGET_DIR=str(plan.root / "target"),
    )
    plan.missing.append(("a JAR for other platforms", "each library is built on such a system, into one JAR"))
