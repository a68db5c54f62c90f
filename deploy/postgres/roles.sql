-- Run once by the PostgreSQL image, on an empty data directory, as the superuser.
-- The owner migrates and owns the tables; the service works with them, with the rights that the migrations grant.
\set ON_ERROR_STOP on
\set owner_password `cat /run/secrets/owner_password`
\set service_password `cat /run/secrets/service_password`
CREATE ROLE credit_sanction_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE credit_sanction_service LOGIN PASSWORD :'service_password';
CREATE DATABASE credit_sanction OWNER credit_sanction_owner;
REVOKE ALL ON DATABASE credit_sanction FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE credit_sanction TO credit_sanction_service;
