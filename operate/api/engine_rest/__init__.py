"""The Camunda 7 dialect: `/engine-rest`, for clients and workers made for that engine."""
