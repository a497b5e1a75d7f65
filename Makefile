.DEFAULT_GOAL := help
.PHONY: help run stop test sim planted torture ci demo business bench sam-validate sam-build sam-invoke sam-api cloud-check nightly clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## the whole line on this machine; prints ready http://127.0.0.1:PORT (ARGS="--port 9000" …)
	@mkdir -p .local/bin && CGO_ENABLED=0 go build -o .local/bin/sarnakh ./cmd/sarnakh
	@exec .local/bin/sarnakh local $(ARGS)

stop: ## stops the engines that a killed run left behind
	@mkdir -p .local/bin && CGO_ENABLED=0 go build -o .local/bin/sarnakh ./cmd/sarnakh
	@.local/bin/sarnakh local --stop-engines $(ARGS)

test: ## go vet, all tests with the race detector on real engines, 100,000 simulated deliveries
	@infra/test.sh $(ARGS)

sim: ## simulated worlds full of faults (N=1000000 deliveries, SEED=7 one world again)
	@infra/sim.sh $(if $(SEED),seed $(SEED),$(N))

planted: ## bugs put in on purpose: each must be caught (ARGS="13 24": some, MEND=1 writes down new seeds)
	@infra/planted.sh $(ARGS)

torture: ## kill -9 of functions and of the run, on real engines (N=20000 deliveries, K=500 kills, SEED=7)
	@infra/torture.sh $(or $(N),20000) $(or $(K),500) $(SEED)

ci: ## what .ci/run calls: tests, a million deliveries, planted bugs, torture, SAM, containers, the demo, roles
	@infra/ci.sh

demo: ## real calls of a bank become leads (FULL=1 for all 188,130 activities)
	@infra/demo.sh

business: ## five weeks of the example business in the run that goes on here (CROWD=1300: with hold-outs, LOCALE=fa)
	@mkdir -p .local/bin && CGO_ENABLED=0 go build -o .local/bin/sarnakh ./cmd/sarnakh
	@.local/bin/sarnakh business --locale $(or $(LOCALE),en) --crowd $(or $(CROWD),0) $(ARGS)

bench: ## the figures that are promised, one a line
	@infra/bench.sh

sam-validate: ## sam validate --lint
	@infra/sam/sam.sh validate

sam-build: ## sam build: one small binary a function
	@infra/sam/sam.sh build

sam-invoke: ## one function in its container: make sam-invoke FN=ingest EVENT=events/ingest.json
	@infra/sam/sam.sh invoke "$(FN)" "$(EVENT)"

sam-api: ## the HTTP APIs in containers
	@infra/sam/sam.sh api

cloud-check: ## in an AWS account of yours: a throw-away stack, checked and deleted (infra/cloud-check/README.md)
	@infra/cloud-check/run.sh

nightly: ## ten million simulated deliveries, planted bugs, torture, fuzz targets, the whole demo
	@infra/nightly.sh

clean: stop ## stops the engines and removes what runs and builds made, data too
	@rm -rf .local .aws-sam
