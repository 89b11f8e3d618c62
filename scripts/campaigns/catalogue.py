"""All campaigns, in the order of the table.

A campaign has a name, `what` it tries, a `goal`, and `run`, which returns what was tried and found.
"""

from .fuzzing import FUZZERS
from .in_process import PROGRAMS
from .instruments import Memcheck, Races
from .interruptions import Faults, KillPoints, RandomKills, Threads
from .platforms import Platforms
from .proofs import Checks, Gradients, Portable

CAMPAIGNS = {
    campaign.name: campaign
    for campaign in [
        *FUZZERS,
        Faults(),
        KillPoints(),
        RandomKills(),
        Threads(),
        *PROGRAMS,
        Races(),
        Memcheck(),
        Checks(),
        Gradients(),
        Portable(),
        Platforms(),
    ]
}
