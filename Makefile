# Other names for the commands in bin/.
.PHONY: run setup test lint bench lock audit
run setup test lint bench lock audit:
	@bin/$@ $(ARGS)
