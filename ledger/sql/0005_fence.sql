-- An append states what it moves and fails where somebody else has moved it: as an error of the server, so that all its
-- statements can travel together and none after the failed one is carried out.

CREATE FUNCTION ledger.fence(moved bigint, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF moved <> 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'CF001', MESSAGE = what;
    END IF;
END
$$;
