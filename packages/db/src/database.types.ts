export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[]

export type Database = {
  public: {
    Tables: {
      authentication_contexts: {
        Row: {
          access_token: string
          created_at: string
          expires_at: string
          ip_address: string | null
          is_active: boolean
          last_activity: string
          permissions: Json | null
          refresh_failures: number
          refresh_holder: string | null
          refresh_token: string
          refresh_until: string | null
          session_id: string
          token_hash: string
          token_type: string
          user_agent: string | null
          user_id: string
        }
        Insert: {
          access_token: string
          created_at?: string
          expires_at: string
          ip_address?: string | null
          is_active?: boolean
          last_activity?: string
          permissions?: Json | null
          refresh_failures?: number
          refresh_holder?: string | null
          refresh_token: string
          refresh_until?: string | null
          session_id?: string
          token_hash: string
          token_type?: string
          user_agent?: string | null
          user_id: string
        }
        Update: {
          access_token?: string
          created_at?: string
          expires_at?: string
          ip_address?: string | null
          is_active?: boolean
          last_activity?: string
          permissions?: Json | null
          refresh_failures?: number
          refresh_holder?: string | null
          refresh_token?: string
          refresh_until?: string | null
          session_id?: string
          token_hash?: string
          token_type?: string
          user_agent?: string | null
          user_id?: string
        }
        Relationships: []
      }
      data_model_versions: {
        Row: {
          created_at: string
          created_by: string
          fields: NonNullable<Json>
          indexes: Json | null
          model_id: string
          model_name: string
          relationships: Json | null
          rls_policies: Json | null
          schema_version: string
          table_name: string
          validation_rules: Json | null
        }
        Insert: {
          created_at?: string
          created_by: string
          fields: NonNullable<Json>
          indexes?: Json | null
          model_id: string
          model_name: string
          relationships?: Json | null
          rls_policies?: Json | null
          schema_version: string
          table_name: string
          validation_rules?: Json | null
        }
        Update: {
          created_at?: string
          created_by?: string
          fields?: NonNullable<Json>
          indexes?: Json | null
          model_id?: string
          model_name?: string
          relationships?: Json | null
          rls_policies?: Json | null
          schema_version?: string
          table_name?: string
          validation_rules?: Json | null
        }
        Relationships: [
          {
            foreignKeyName: "data_model_versions_model_id_fkey"
            columns: ["model_id"]
            isOneToOne: false
            referencedRelation: "data_models"
            referencedColumns: ["model_id"]
          },
        ]
      }
      data_models: {
        Row: {
          applied_version: string | null
          created_at: string
          created_by: string
          fields: NonNullable<Json>
          indexes: Json | null
          is_active: boolean
          model_id: string
          model_name: string
          relationships: Json | null
          rls_policies: Json | null
          schema_version: string
          table_name: string
          updated_at: string
          validation_rules: Json | null
        }
        Insert: {
          applied_version?: string | null
          created_at?: string
          created_by: string
          fields: NonNullable<Json>
          indexes?: Json | null
          is_active?: boolean
          model_id?: string
          model_name: string
          relationships?: Json | null
          rls_policies?: Json | null
          schema_version: string
          table_name: string
          updated_at?: string
          validation_rules?: Json | null
        }
        Update: {
          applied_version?: string | null
          created_at?: string
          created_by?: string
          fields?: NonNullable<Json>
          indexes?: Json | null
          is_active?: boolean
          model_id?: string
          model_name?: string
          relationships?: Json | null
          rls_policies?: Json | null
          schema_version?: string
          table_name?: string
          updated_at?: string
          validation_rules?: Json | null
        }
        Relationships: []
      }
      database_operations: {
        Row: {
          attempts: number
          client_id: string
          completed_at: string | null
          created_at: string
          error_message: string | null
          execution_time_ms: number | null
          model_id: string | null
          operation_id: string
          operation_type: string
          query_data: Json | null
          request_id: string | null
          response_data: Json | null
          schema_version: string | null
          session_id: string | null
          status: string
          table_name: string
          user_id: string | null
        }
        Insert: {
          attempts?: number
          client_id: string
          completed_at?: string | null
          created_at?: string
          error_message?: string | null
          execution_time_ms?: number | null
          model_id?: string | null
          operation_id: string
          operation_type: string
          query_data?: Json | null
          request_id?: string | null
          response_data?: Json | null
          schema_version?: string | null
          session_id?: string | null
          status?: string
          table_name: string
          user_id?: string | null
        }
        Update: {
          attempts?: number
          client_id?: string
          completed_at?: string | null
          created_at?: string
          error_message?: string | null
          execution_time_ms?: number | null
          model_id?: string | null
          operation_id?: string
          operation_type?: string
          query_data?: Json | null
          request_id?: string | null
          response_data?: Json | null
          schema_version?: string | null
          session_id?: string | null
          status?: string
          table_name?: string
          user_id?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "database_operations_client_id_fkey"
            columns: ["client_id"]
            isOneToOne: false
            referencedRelation: "supabase_clients"
            referencedColumns: ["client_id"]
          },
          {
            foreignKeyName: "database_operations_model_id_fkey"
            columns: ["model_id"]
            isOneToOne: false
            referencedRelation: "data_models"
            referencedColumns: ["model_id"]
          },
          {
            foreignKeyName: "database_operations_session_id_fkey"
            columns: ["session_id"]
            isOneToOne: false
            referencedRelation: "authentication_contexts"
            referencedColumns: ["session_id"]
          },
        ]
      }
      model_migrations: {
        Row: {
          changed_at: string | null
          changed_by: string | null
          fingerprint: string
          migration_version: string | null
          models: NonNullable<Json>
          plan: NonNullable<Json>
          planned_at: string
          planned_by: string
          status: string
        }
        Insert: {
          changed_at?: string | null
          changed_by?: string | null
          fingerprint: string
          migration_version?: string | null
          models: NonNullable<Json>
          plan: NonNullable<Json>
          planned_at?: string
          planned_by: string
          status?: string
        }
        Update: {
          changed_at?: string | null
          changed_by?: string | null
          fingerprint?: string
          migration_version?: string | null
          models?: NonNullable<Json>
          plan?: NonNullable<Json>
          planned_at?: string
          planned_by?: string
          status?: string
        }
        Relationships: []
      }
      supabase_client_transitions: {
        Row: {
          at: string
          client_id: string
          from_phase: string | null
          to_phase: string
          transition_id: number
        }
        Insert: {
          at?: string
          client_id: string
          from_phase?: string | null
          to_phase: string
          transition_id?: never
        }
        Update: {
          at?: string
          client_id?: string
          from_phase?: string | null
          to_phase?: string
          transition_id?: never
        }
        Relationships: [
          {
            foreignKeyName: "supabase_client_transitions_client_id_fkey"
            columns: ["client_id"]
            isOneToOne: false
            referencedRelation: "supabase_clients"
            referencedColumns: ["client_id"]
          },
        ]
      }
      supabase_clients: {
        Row: {
          client_id: string
          client_type: string
          connection_status: string
          created_at: string
          error_count: number
          is_active: boolean
          last_used: string | null
          retry_count: number
          supabase_key: string
          supabase_url: string
        }
        Insert: {
          client_id: string
          client_type: string
          connection_status?: string
          created_at?: string
          error_count?: number
          is_active?: boolean
          last_used?: string | null
          retry_count?: number
          supabase_key: string
          supabase_url: string
        }
        Update: {
          client_id?: string
          client_type?: string
          connection_status?: string
          created_at?: string
          error_count?: number
          is_active?: boolean
          last_used?: string | null
          retry_count?: number
          supabase_key?: string
          supabase_url?: string
        }
        Relationships: []
      }
    }
    Views: {
      operations_out_of_step: {
        Row: {
          attempts: number | null
          client_id: string | null
          completed_at: string | null
          created_at: string | null
          error_message: string | null
          execution_time_ms: number | null
          model_id: string | null
          operation_id: string | null
          operation_type: string | null
          query_data: Json | null
          request_id: string | null
          response_data: Json | null
          schema_version: string | null
          session_id: string | null
          status: string | null
          table_name: string | null
          user_id: string | null
        }
        Insert: {
          attempts?: number | null
          client_id?: string | null
          completed_at?: string | null
          created_at?: string | null
          error_message?: string | null
          execution_time_ms?: number | null
          model_id?: string | null
          operation_id?: string | null
          operation_type?: string | null
          query_data?: Json | null
          request_id?: string | null
          response_data?: Json | null
          schema_version?: string | null
          session_id?: string | null
          status?: string | null
          table_name?: string | null
          user_id?: string | null
        }
        Update: {
          attempts?: number | null
          client_id?: string | null
          completed_at?: string | null
          created_at?: string | null
          error_message?: string | null
          execution_time_ms?: number | null
          model_id?: string | null
          operation_id?: string | null
          operation_type?: string | null
          query_data?: Json | null
          request_id?: string | null
          response_data?: Json | null
          schema_version?: string | null
          session_id?: string | null
          status?: string | null
          table_name?: string | null
          user_id?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "database_operations_client_id_fkey"
            columns: ["client_id"]
            isOneToOne: false
            referencedRelation: "supabase_clients"
            referencedColumns: ["client_id"]
          },
          {
            foreignKeyName: "database_operations_model_id_fkey"
            columns: ["model_id"]
            isOneToOne: false
            referencedRelation: "data_models"
            referencedColumns: ["model_id"]
          },
          {
            foreignKeyName: "database_operations_session_id_fkey"
            columns: ["session_id"]
            isOneToOne: false
            referencedRelation: "authentication_contexts"
            referencedColumns: ["session_id"]
          },
        ]
      }
      own_operations: {
        Row: {
          attempts: number | null
          client_id: string | null
          completed_at: string | null
          created_at: string | null
          error_message: string | null
          execution_time_ms: number | null
          model_id: string | null
          operation_id: string | null
          operation_type: string | null
          query_data: Json | null
          request_id: string | null
          response_data: Json | null
          schema_version: string | null
          session_id: string | null
          status: string | null
          table_name: string | null
          user_id: string | null
        }
        Relationships: [
          {
            foreignKeyName: "database_operations_client_id_fkey"
            columns: ["client_id"]
            isOneToOne: false
            referencedRelation: "supabase_clients"
            referencedColumns: ["client_id"]
          },
          {
            foreignKeyName: "database_operations_model_id_fkey"
            columns: ["model_id"]
            isOneToOne: false
            referencedRelation: "data_models"
            referencedColumns: ["model_id"]
          },
          {
            foreignKeyName: "database_operations_session_id_fkey"
            columns: ["session_id"]
            isOneToOne: false
            referencedRelation: "authentication_contexts"
            referencedColumns: ["session_id"]
          },
        ]
      }
      own_operations_out_of_step: {
        Row: {
          attempts: number | null
          client_id: string | null
          completed_at: string | null
          created_at: string | null
          error_message: string | null
          execution_time_ms: number | null
          model_id: string | null
          operation_id: string | null
          operation_type: string | null
          query_data: Json | null
          request_id: string | null
          response_data: Json | null
          schema_version: string | null
          session_id: string | null
          status: string | null
          table_name: string | null
          user_id: string | null
        }
        Relationships: [
          {
            foreignKeyName: "database_operations_client_id_fkey"
            columns: ["client_id"]
            isOneToOne: false
            referencedRelation: "supabase_clients"
            referencedColumns: ["client_id"]
          },
          {
            foreignKeyName: "database_operations_model_id_fkey"
            columns: ["model_id"]
            isOneToOne: false
            referencedRelation: "data_models"
            referencedColumns: ["model_id"]
          },
          {
            foreignKeyName: "database_operations_session_id_fkey"
            columns: ["session_id"]
            isOneToOne: false
            referencedRelation: "authentication_contexts"
            referencedColumns: ["session_id"]
          },
        ]
      }
    }
    Functions: {
      advise_operation: { Args: { id: string }; Returns: Json }
      aggregate_rows: {
        Args: {
          conditions: Json
          groups: string[]
          measures: Json
          most: number
          order_by: Json
          target: string
        }
        Returns: Json
      }
      beat_clients: { Args: { client_ids: string[] }; Returns: number }
      clients_sealed_otherwise: {
        Args: { after_row?: string; key_id: string; page: number }
        Returns: {
          client_id: string
          supabase_key: string
        }[]
      }
      count_points: {
        Args: {
          added: number
          counter_name: string
          restart: boolean
          window_ms: number
        }
        Returns: Json
      }
      create_data_model: {
        Args: { model: Json }
        Returns: {
          applied_version: string | null
          created_at: string
          created_by: string
          fields: NonNullable<Json>
          indexes: Json | null
          is_active: boolean
          model_id: string
          model_name: string
          relationships: Json | null
          rls_policies: Json | null
          schema_version: string
          table_name: string
          updated_at: string
          validation_rules: Json | null
        }[]
        SetofOptions: {
          from: "*"
          to: "data_models"
          isOneToOne: false
          isSetofReturn: true
        }
      }
      disconnect_dead_clients: {
        Args: { after_seconds: number }
        Returns: number
      }
      end_sessions: {
        Args: { but_not?: string; ended_at: string; of_user: string }
        Returns: string[]
      }
      expire_sessions: { Args: { idle_days: number }; Returns: Json }
      foreign_keys_of: {
        Args: { of_table: string }
        Returns: {
          from_columns: string[]
          from_table: string
          name: string
          to_columns: string[]
          to_table: string
        }[]
      }
      has_table: { Args: { of_table: string }; Returns: boolean }
      hold_lease: {
        Args: { lease: string; lease_holder: string; lease_seconds: number }
        Returns: boolean
      }
      keep_model_migration: {
        Args: { migration: Json }
        Returns: {
          changed_at: string | null
          changed_by: string | null
          fingerprint: string
          migration_version: string | null
          models: NonNullable<Json>
          plan: NonNullable<Json>
          planned_at: string
          planned_by: string
          status: string
        }[]
        SetofOptions: {
          from: "*"
          to: "model_migrations"
          isOneToOne: false
          isSetofReturn: true
        }
      }
      lease_session_refresh: {
        Args: {
          lease_holder: string
          lease_seconds: number
          seen_expires_at: string
          session: string
        }
        Returns: Json
      }
      maintain_operations: { Args: { retention_days: number }; Returns: Json }
      model_marks: { Args: { names: string[] }; Returns: Json }
      model_usage: {
        Args: {
          id: string
          most_callers: number
          most_read: number
          range_before: string
          range_from: string
        }
        Returns: Json
      }
      operation_retention: { Args: Record<PropertyKey, never>; Returns: Json }
      operation_shape: { Args: { query_data: Json }; Returns: string }
      operation_stats: {
        Args: {
          before_time: string
          for_client?: string
          for_model?: string
          for_status?: string
          for_table?: string
          for_type?: string
          from_time: string
          parts: string[]
          step: string
        }
        Returns: Json
      }
      record_model_migration: {
        Args: {
          by_user: string
          of_fingerprint: string
          of_version?: string
          way: string
        }
        Returns: undefined
      }
      record_operations: { Args: { operations: Json }; Returns: Json }
      release_lease: {
        Args: { lease: string; lease_holder: string }
        Returns: boolean
      }
      release_session_refresh: {
        Args: { failed: boolean; lease_holder: string; session: string }
        Returns: number
      }
      remove_operations_of_ended_sessions: {
        Args: { operation_days: number; session_days: number }
        Returns: number
      }
      reseal_clients: { Args: { changes: Json }; Returns: number }
      reseal_sessions: { Args: { changes: Json }; Returns: number }
      sessions_sealed_otherwise: {
        Args: { after_row?: string; key_id: string; page: number }
        Returns: {
          access_token: string
          refresh_token: string
          session_id: string
        }[]
      }
      slow_operations: {
        Args: {
          id_before: string
          id_from: string
          most: number
          most_read: number
          range_before: string
          range_from: string
          sort_by: string
        }
        Returns: Json
      }
      touch_sessions: {
        Args: { moments: string[]; session_ids: string[] }
        Returns: number
      }
      try_row: {
        Args: {
          item: Json
          operation: string
          returned: string[]
          target: string
        }
        Returns: Json
      }
      update_data_model: {
        Args: { changes: Json; expected_version: string; id: string }
        Returns: {
          applied_version: string | null
          created_at: string
          created_by: string
          fields: NonNullable<Json>
          indexes: Json | null
          is_active: boolean
          model_id: string
          model_name: string
          relationships: Json | null
          rls_policies: Json | null
          schema_version: string
          table_name: string
          updated_at: string
          validation_rules: Json | null
        }[]
        SetofOptions: {
          from: "*"
          to: "data_models"
          isOneToOne: false
          isSetofReturn: true
        }
      }
      write_rows: {
        Args: {
          conflict_columns?: string[]
          each_alone?: boolean
          idempotency_key?: string
          input_hash?: string
          items: Json
          of_procedure?: string
          operation: string
          refused?: Json
          returned: string[]
          target: string
        }
        Returns: Json
      }
    }
    Enums: {
      [_ in never]: never
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
}

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">]

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals
}
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])[TableName] extends {
      Row: infer R
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] &
        DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] &
        DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
        Row: infer R
      }
      ? R
      : never
    : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals
}
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Insert: infer I
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
        Insert: infer I
      }
      ? I
      : never
    : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals
}
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Update: infer U
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
        Update: infer U
      }
      ? U
      : never
    : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends (DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never) = never,
> = DefaultSchemaEnumNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals
}
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
    : never

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends (PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never) = never,
> = PublicCompositeTypeNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals
}
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
    : never

export const Constants = {
  public: {
    Enums: {},
  },
} as const
