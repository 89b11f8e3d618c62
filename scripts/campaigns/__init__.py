"""The long campaigns behind scripts/campaign: each module holds those of one idea."""
