# Other names for the commands in bin/.
.PHONY: run setup test lint bench lock
run setup test lint bench lock:
	@bin/$@ $(ARGS)
