-- What a commit moves beside its own records are the rows of one enterprise at one target. By the enterprise alone, or by the
-- target alone, far more were read.
CREATE INDEX delivery_sibling ON delivery (enterprise_code, target);
DROP INDEX delivery_enterprise;
