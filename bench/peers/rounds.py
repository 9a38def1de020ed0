"""The side of a tool that is a Python process of its own; the same as bench/harness/serve-rounds.mjs, see there."""

import json
import os
import resource
import sys
import time


def cpu_seconds():
    """Of this process and of those that it waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def serve(tools):
    """tools: by name, a function of the arguments that gives (version, work); work takes a request, gives a dict or None."""
    # Some tools print on their own.
    answers, sys.stdout = sys.stdout, sys.stderr

    def answer(message):
        print(json.dumps(message), file=answers, flush=True)

    version, work = tools[sys.argv[1]](json.loads(sys.argv[2]))
    answer({"version": version, "cpuSeconds": cpu_seconds()})
    for line in sys.stdin:
        request = json.loads(line)
        wall, cpu = time.perf_counter(), cpu_seconds()
        result = work(request) or {}
        scale = result.get("scale", 1)
        answer(
            {
                "wallSeconds": (time.perf_counter() - wall) * scale,
                "cpuSeconds": (cpu_seconds() - cpu) * scale,
                "result": result,
            }
        )


def list_files(folder):
    return sorted(os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names)
