"""Components to artifacts: TorchScript and ONNX graphs, precisions, and their parity reports."""
