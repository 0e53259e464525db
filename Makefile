# Names for the scripts; everything else stands in them.
.PHONY: demo test check bench setup requirements
demo:
	scripts/demo
test:
	scripts/test
check:
	scripts/check
bench:
	scripts/bench --list
setup:
	scripts/setup dev
requirements:
	scripts/sync-requirements
