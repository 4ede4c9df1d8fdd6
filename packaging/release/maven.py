"""The JAR with the library of this platform inside, its sources and its documentation, laid out as a repository."""

from __future__ import annotations

import platform
import shutil

from . import notices
from .plan import Plan


def build(plan: Plan) -> None:
    """Deploys into dist/maven, from where an app can take it; Maven Central takes the same layout."""
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        plan.missing.append(("the JAR", "Maven or a Java compiler is missing"))
        return
    stage = plan.stage("maven")
    # Where JNA looks for a library on the class path.
    library = stage / f"linux-{platform.machine().replace('_', '-')}"
    library.mkdir()
    shutil.copy(plan.built / "libloggin_mobile.so", library)
    legal = stage / "META-INF"
    legal.mkdir()
    plan.copy_licences(legal)
    notices.write(plan, "loggin-mobile", legal)
    repository = plan.folder("maven").as_uri()
    plan.run(
        *("mvn", "-q", "-B", "-P", "release", "-DskipTests", "-Dmaven.test.skip=true", "deploy"),
        f"-Drelease.resources={stage}",
        f"-DaltDeploymentRepository=dist::{repository}",
        cwd=plan.root / "bindings" / "mobile" / "kotlin",
        CARGO_TARGET_DIR=str(plan.root / "target"),
    )
