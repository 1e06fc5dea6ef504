"""What clients really send and services really answer, made from one seed."""
