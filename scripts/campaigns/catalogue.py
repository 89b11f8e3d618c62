"""All campaigns, in the order of the table. A campaign has a name, `what` it tries, a `goal`, and `run`."""
from .fuzzing import FUZZERS
from .interruptions import Faults, KillPoints, RandomKills

CAMPAIGNS = {campaign.name: campaign for campaign in [*FUZZERS, Faults(), KillPoints(), RandomKills()]}
