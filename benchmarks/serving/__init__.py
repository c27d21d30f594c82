"""The service beside BentoML's and MLflow's own ways of answering, and a whole board beside its bare predictions."""
