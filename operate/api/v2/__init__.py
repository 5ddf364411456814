"""Camunda 8's Orchestration Cluster REST API, below `/v2`."""
